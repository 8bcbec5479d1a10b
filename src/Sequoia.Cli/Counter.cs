namespace Sequoia.Cli;

/// <summary>Reports at once on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Counter<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}

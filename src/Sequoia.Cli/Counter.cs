namespace Sequoia.Cli;

/// <summary>Reports at once on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Counter(Action<int> report) : IProgress<int>
{
    public void Report(int value) => report(value);
}

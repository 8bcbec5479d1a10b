namespace Sequoia.Kernels.Tests;

/// <summary>A bug put into a kernel's source by replacing one piece of its text.</summary>
internal sealed record Mutation(string Name, string File, string From, string To)
{
    public string Apply(string file, string source)
    {
        if (file != File)
            return source;
        int at = source.IndexOf(From, StringComparison.Ordinal);
        if (at < 0 || source.IndexOf(From, at + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidOperationException($"{Name}: {File} must have its text exactly once: {From}");
        return source.Replace(From, To, StringComparison.Ordinal);
    }

    public override string ToString() => Name;
}

using System.Text;

namespace Sequoia.Interop;

/// <summary>How the search for a library went: what was found, and every path that was tried before. Immutable.</summary>
public sealed class LibraryReport
{
    internal LibraryReport(string title, nint handle, string? path, IReadOnlyList<LibraryAttempt> attempts)
    {
        Title = title;
        Handle = handle;
        Path = path;
        Attempts = attempts;
    }

    /// <summary>The library's name for people.</summary>
    public string Title { get; }

    /// <summary>Whether it is loaded.</summary>
    public bool IsFound => Handle != 0;

    /// <summary>The file it was loaded from; null where it was not found.</summary>
    public string? Path { get; }

    /// <summary>Every try, in order; the last one is the successful one.</summary>
    public IReadOnlyList<LibraryAttempt> Attempts { get; }

    /// <summary>The loader's handle, or 0. The library stays loaded until the process ends.</summary>
    internal nint Handle { get; }

    /// <summary>The same search, with what was found turned down.</summary>
    internal LibraryReport Refused(string problem) => new(Title, 0, null, [.. Attempts.SkipLast(1), new(Path!, problem)]);

    /// <summary>One line for each path tried.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(IsFound ? $"{Title}: {Path}" : $"{Title}: not found");
        foreach (LibraryAttempt attempt in Attempts)
            text.Append('\n').Append("  ").Append(attempt.Path).Append(": ").Append(attempt.Problem ?? "loaded");
        return text.ToString();
    }
}

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

/// <summary>One try at loading a library.</summary>
/// <param name="Path">The file, or a bare name that was left to the system's loader.</param>
/// <param name="Problem">Why it did not work, in the loader's own words; null where it did.</param>
public sealed record LibraryAttempt(string Path, string? Problem);

/// <summary>A library of NVIDIA's is needed and not on this machine. The message is one line; the report has every path tried.</summary>
public sealed class LibraryNotFoundException : Exception
{
    internal LibraryNotFoundException(LibraryReport report, string advice)
        : base($"{report.Title} was not found ({Count(report.Attempts.Count)} tried, the last: {Last(report)}); {advice}") => Report = report;

    /// <summary>Every path tried and what the loader said.</summary>
    public LibraryReport Report { get; }

    private static string Count(int paths) => paths == 1 ? "1 path" : $"{paths} paths";

    private static string Last(LibraryReport report) =>
        report.Attempts is [.., var last] ? $"{last.Path}: {last.Problem}" : "none";
}

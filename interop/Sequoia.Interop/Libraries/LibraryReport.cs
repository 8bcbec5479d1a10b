using System.Text;

namespace Sequoia.Interop;

/// <summary>The report of a library search: what was found, and every path tried before. Immutable.</summary>
public sealed class LibraryReport
{
    internal LibraryReport(string title, nint handle, string? path, IReadOnlyList<LibraryAttempt> attempts)
    {
        Title = title;
        Handle = handle;
        Path = path;
        Attempts = attempts;
    }

    /// <summary>The library's display name.</summary>
    public string Title { get; }

    /// <summary>Whether the library is loaded.</summary>
    public bool IsFound => Handle != 0;

    /// <summary>The file that the library was loaded from, or null if it was not found.</summary>
    public string? Path { get; }

    /// <summary>Every attempt, in order. The last one is the successful one.</summary>
    public IReadOnlyList<LibraryAttempt> Attempts { get; }

    /// <summary>The loader's handle, or 0. The library stays loaded until the process ends.</summary>
    internal nint Handle { get; }

    /// <summary>Returns the same report with the library that was found marked as rejected.</summary>
    internal LibraryReport Refused(string problem) => new(Title, 0, null, [.. Attempts.SkipLast(1), new(Path!, problem)]);

    /// <summary>The report as text, one line for each path tried.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(IsFound ? $"{Title}: {Path}" : $"{Title}: not found");
        foreach (LibraryAttempt attempt in Attempts)
            text.Append('\n').Append("  ").Append(attempt.Path).Append(": ").Append(attempt.Problem ?? "loaded");
        return text.ToString();
    }
}

/// <summary>An attempt to load a library.</summary>
/// <param name="Path">The file, or a bare name that the system's loader resolves.</param>
/// <param name="Problem">Why the attempt failed, in the loader's words. Null if it succeeded.</param>
public sealed record LibraryAttempt(string Path, string? Problem);

/// <summary>A required NVIDIA library is not on this machine. The message is one line; the report lists every path tried.</summary>
public sealed class LibraryNotFoundException : Exception
{
    internal LibraryNotFoundException(LibraryReport report, string advice)
        : base($"{report.Title} was not found ({Count(report.Attempts.Count)} tried, the last: {Last(report)}); {advice}") => Report = report;

    /// <summary>Every path tried and the loader's message for it.</summary>
    public LibraryReport Report { get; }

    private static string Count(int paths) => paths == 1 ? "1 path" : $"{paths} paths";

    private static string Last(LibraryReport report) =>
        report.Attempts is [.., var last] ? $"{last.Path}: {last.Problem}" : "none";
}

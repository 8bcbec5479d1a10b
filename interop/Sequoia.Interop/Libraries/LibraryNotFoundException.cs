namespace Sequoia.Interop;

/// <summary>A library of NVIDIA's is needed and not on this machine. The message is one line; the report has every path tried.</summary>
public sealed class LibraryNotFoundException : Exception
{
    internal LibraryNotFoundException(LibraryReport report, string mend)
        : base($"{report.Title} was not found ({Count(report.Attempts.Count)} tried, the last: {Last(report)}); {mend}") => Report = report;

    /// <summary>Every path tried and what the loader said.</summary>
    public LibraryReport Report { get; }

    private static string Count(int paths) => paths == 1 ? "1 path" : $"{paths} paths";

    private static string Last(LibraryReport report) =>
        report.Attempts is [.., var last] ? $"{last.Path}: {last.Problem}" : "none";
}

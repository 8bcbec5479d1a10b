namespace Sequoia.Interop;

/// <summary>NVRTC could not compile a source. The message is one line with the first error; the log has all of them.</summary>
public sealed class CompileException : Exception
{
    internal CompileException(string fileName, string reason, string log) : this(fileName, reason, log, CompileLog.Parse(log))
    {
    }

    private CompileException(string fileName, string reason, string log, IReadOnlyList<CompileDiagnostic> diagnostics)
        : base(Line(fileName, reason, diagnostics))
    {
        FileName = fileName;
        Log = log;
        Diagnostics = diagnostics;
    }

    /// <summary>The source's name.</summary>
    public string FileName { get; }

    /// <summary>The compiler's log.</summary>
    public string Log { get; }

    /// <summary>The messages in it, warnings too, in the log's order.</summary>
    public IReadOnlyList<CompileDiagnostic> Diagnostics { get; }

    private static string Line(string fileName, string reason, IReadOnlyList<CompileDiagnostic> diagnostics)
    {
        CompileDiagnostic[] errors = [.. diagnostics.Where(diagnostic => diagnostic.Severity is not ("warning" or "remark"))];
        return errors switch
        {
            [] => $"{fileName}: {reason}",
            [var only] => only.ToString(),
            [var first, ..] => $"{first} (the first of {errors.Length} errors)",
        };
    }
}

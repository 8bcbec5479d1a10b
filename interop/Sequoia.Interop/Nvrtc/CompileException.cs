namespace Sequoia.Interop;

/// <summary>NVRTC could not compile a source. The message is one line with the first error; the log contains all errors.</summary>
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

    /// <summary>The name of the source.</summary>
    public string FileName { get; }

    /// <summary>The compiler's log.</summary>
    public string Log { get; }

    /// <summary>The messages in the log, including warnings, in the log's order.</summary>
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

/// <summary>A compiler message about a location in the source.</summary>
/// <param name="File">The name of the source or header.</param>
/// <param name="Line">The line number, from 1. It is 0 if the compiler gives none.</param>
/// <param name="Severity">The severity in the compiler's words: error, warning or remark.</param>
/// <param name="Message">The text of the message.</param>
public sealed record CompileDiagnostic(string File, int Line, string Severity, string Message)
{
    /// <summary>The message as text, such as kernel.cu(12): error: identifier "x" is undefined.</summary>
    public override string ToString() => Line > 0 ? $"{File}({Line}): {Severity}: {Message}" : $"{File}: {Severity}: {Message}";
}

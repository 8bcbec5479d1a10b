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

/// <summary>One message of the compiler about a place in the source.</summary>
/// <param name="File">The source's or header's name.</param>
/// <param name="Line">Its line, from 1; 0 where the compiler names none.</param>
/// <param name="Severity">error, warning or remark, in the compiler's word.</param>
/// <param name="Message">What it says.</param>
public sealed record CompileDiagnostic(string File, int Line, string Severity, string Message)
{
    /// <summary>As in kernel.cu(12): error: identifier "x" is undefined.</summary>
    public override string ToString() => Line > 0 ? $"{File}({Line}): {Severity}: {Message}" : $"{File}: {Severity}: {Message}";
}

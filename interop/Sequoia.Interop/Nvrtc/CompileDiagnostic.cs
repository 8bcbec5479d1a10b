namespace Sequoia.Interop;

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

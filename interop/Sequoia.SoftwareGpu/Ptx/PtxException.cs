namespace Sequoia.SoftwareGpu;

/// <summary>PTX that this software GPU does not support, or that is invalid. The message names the line.</summary>
public sealed class PtxException : Exception
{
    /// <summary>Creates the exception for a line of the PTX text.</summary>
    /// <param name="line">The line number, from 1.</param>
    /// <param name="reason">One sentence that describes the error.</param>
    public PtxException(int line, string reason) : base($"PTX line {line}: {reason}") => Line = line;

    /// <summary>Whether the PTX is valid, but too new.</summary>
    public bool IsUnsupportedVersion { get; init; }

    /// <summary>The line number in the PTX text, from 1.</summary>
    public int Line { get; }
}

namespace Sequoia.SoftwareGpu;

/// <summary>PTX that this software GPU does not understand, or that is wrong. The message names the line.</summary>
public sealed class PtxException : Exception
{
    /// <summary>Creates the exception for a line of the PTX text.</summary>
    /// <param name="line">The line, from 1.</param>
    /// <param name="reason">One sentence that says what is wrong.</param>
    public PtxException(int line, string reason) : base($"PTX line {line}: {reason}") => Line = line;

    /// <summary>Whether the PTX is only too new.</summary>
    public bool IsUnsupportedVersion { get; init; }

    /// <summary>The line of the PTX text, from 1.</summary>
    public int Line { get; }
}

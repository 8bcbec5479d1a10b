using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>A call that is not inlined.</summary>
internal sealed class FlatCall
{
    /// <summary>The call's index among the kernel's calls.</summary>
    public required int Number { get; init; }

    /// <summary>The called function. Null if a register contains the address.</summary>
    public required CodeRegion? Callee { get; init; }

    public required CodeRegion Caller { get; init; }

    /// <summary>The caller's storage in its frame.</summary>
    public required Variable[] Results { get; init; }

    public required Variable[] Arguments { get; init; }
}

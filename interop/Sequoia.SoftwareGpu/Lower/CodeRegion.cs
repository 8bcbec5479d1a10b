using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>The code of the kernel, or of one function that is really called: a part of the flat body with a frame of its own.</summary>
internal sealed class CodeRegion(Function function, int number)
{
    /// <summary>Every frame begins at a multiple of this; nothing in a frame may need more.</summary>
    public const int FrameAlignment = 16;

    public Function Function { get; } = function;

    /// <summary>The index among the kernel's regions; the kernel itself is the first.</summary>
    public int Number { get; } = number;

    public bool IsKernel => Number == 0;

    /// <summary>Where it begins in the flat body.</summary>
    public int First { get; set; }

    /// <summary>Bytes of local memory of one call.</summary>
    public int FrameBytes { get; set; }

    /// <summary>Where the callee finds its parameters, and leaves its results, in its frame.</summary>
    public List<Variable> Results { get; } = [];

    public List<Variable> Parameters { get; } = [];
}

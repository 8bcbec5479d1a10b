using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>The code of the kernel, or of one function that is not inlined: a part of the flat body with its own frame.</summary>
internal sealed class CodeRegion(Function function, int number)
{
    /// <summary>The alignment of every frame. Nothing in a frame may need more.</summary>
    public const int FrameAlignment = 16;

    public Function Function { get; } = function;

    /// <summary>The region's index in the kernel. The kernel itself is the first region.</summary>
    public int Number { get; } = number;

    public bool IsKernel => Number == 0;

    /// <summary>Where the region starts in the flat body.</summary>
    public int First { get; set; }

    /// <summary>The local memory of one call, in bytes.</summary>
    public int FrameBytes { get; set; }

    /// <summary>Where the callee reads its parameters and writes its results in its frame.</summary>
    public List<Variable> Results { get; } = [];

    public List<Variable> Parameters { get; } = [];
}

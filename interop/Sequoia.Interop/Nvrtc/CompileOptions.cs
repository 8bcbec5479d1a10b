namespace Sequoia.Interop;

/// <summary>The options of a compilation. Every option that changes the result is part of the cache key.</summary>
public sealed record CompileOptions
{
    /// <summary>
    /// The target architecture. compute_80 gives PTX for devices of 8.0 and later. sm_80 gives a CUBIN for 8.0 and ptxas's report of registers and
    /// spills.
    /// </summary>
    public string Architecture { get; init; } = "compute_80";

    /// <summary>
    /// Whether a compilation for a device may use instructions that only its own compute capability has (such as sm_90a for 9.0). The result runs on
    /// no other one.
    /// </summary>
    public bool IsArchitectureSpecific { get; init; }

    /// <summary>The name of the source in messages.</summary>
    public string FileName { get; init; } = "kernel.cu";

    /// <summary>The headers in memory, from the name in #include to the text.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The name expressions of kernels to instantiate, such as scale&lt;float, 256&gt;.</summary>
    public IReadOnlyList<string> Kernels { get; init; } = [];

    /// <summary>The macros to define, from the name to the text. Null defines a macro without text.</summary>
    public IReadOnlyDictionary<string, string?> Defines { get; init; } = new Dictionary<string, string?>();

    /// <summary>The C++ standard.</summary>
    public string Standard { get; init; } = "c++17";

    /// <summary>
    /// Whether to use approximate division, roots and functions, and to flush subnormals to zero. The default is off, so that results do not depend
    /// on it.
    /// </summary>
    public bool FastMath { get; init; }

    /// <summary>Whether to keep source line information for profilers and for the software GPU's findings.</summary>
    public bool LineInfo { get; init; } = true;

    /// <summary>The maximum number of registers per thread. If null, the compiler chooses.</summary>
    public int? MaxRegisters { get; init; }

    /// <summary>Additional NVRTC options, in NVRTC's syntax. If they include a folder of headers, the result is not cached.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];
}

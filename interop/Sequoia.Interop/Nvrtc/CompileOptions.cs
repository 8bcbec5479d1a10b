namespace Sequoia.Interop;

/// <summary>How to compile. Everything that changes the result is part of the cache's key.</summary>
public sealed record CompileOptions
{
    /// <summary>
    /// What to compile for: compute_80 gives PTX for devices from 8.0 on, sm_80 a CUBIN for 8.0 together with ptxas's report of registers and spills.
    /// </summary>
    public string Architecture { get; init; } = "compute_80";

    /// <summary>What to call the source in messages.</summary>
    public string FileName { get; init; } = "kernel.cu";

    /// <summary>Headers in memory: the name in #include to the text.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Name expressions of kernels to instantiate, such as scale&lt;float, 256&gt;.</summary>
    public IReadOnlyList<string> Kernels { get; init; } = [];

    /// <summary>Macros to define: the name to the text, null for none.</summary>
    public IReadOnlyDictionary<string, string?> Defines { get; init; } = new Dictionary<string, string?>();

    /// <summary>The C++ standard.</summary>
    public string Standard { get; init; } = "c++17";

    /// <summary>Approximate division, roots and functions, and subnormals as zero. Off, so that results do not depend on it.</summary>
    public bool FastMath { get; init; }

    /// <summary>Keeps the lines of the source for profilers and for the software GPU's findings.</summary>
    public bool LineInfo { get; init; } = true;

    /// <summary>The most registers a thread may use; null leaves it to the compiler.</summary>
    public int? MaxRegisters { get; init; }

    /// <summary>Further options of NVRTC, in its own words. With a folder of headers among them nothing is kept in the cache.</summary>
    public IReadOnlyList<string> Extra { get; init; } = [];
}

using System.Text;

namespace Sequoia.Interop;

/// <summary>The output of NVRTC for a source. Immutable.</summary>
public sealed class CompiledKernels
{
    internal CompiledKernels(bool isCubin, byte[] image, string log, IReadOnlyDictionary<string, string> loweredNames, bool fromCache)
    {
        IsCubin = isCubin;
        Image = image;
        Log = log;
        LoweredNames = loweredNames;
        FromCache = fromCache;
        Resources = isCubin ? PtxasReport.Parse(log) : [];
    }

    /// <summary>Whether the image is a CUBIN. Otherwise it is PTX.</summary>
    public bool IsCubin { get; }

    /// <summary>The PTX text (UTF-8, without the terminating zero) or the CUBIN.</summary>
    public ReadOnlyMemory<byte> Image { get; }

    /// <summary>The PTX as text.</summary>
    /// <exception cref="InvalidOperationException">The image is a CUBIN.</exception>
    public string Ptx => IsCubin
        ? throw new InvalidOperationException("the image is a CUBIN; compile for compute_XX to have PTX")
        : Encoding.UTF8.GetString(Image.Span);

    /// <summary>The compiler's log, including warnings. Empty if there are no messages.</summary>
    public string Log { get; }

    /// <summary>Each name expression and the name of its kernel in the image.</summary>
    public IReadOnlyDictionary<string, string> LoweredNames { get; }

    /// <summary>ptxas's report of each kernel. Empty for PTX.</summary>
    public IReadOnlyList<KernelResources> Resources { get; }

    /// <summary>Whether the result came from the cache.</summary>
    public bool FromCache { get; }
}

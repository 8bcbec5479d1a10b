using System.Text;

namespace Sequoia.Interop;

/// <summary>What NVRTC made of a source. Immutable.</summary>
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

    /// <summary>Whether the image is a CUBIN; otherwise it is PTX.</summary>
    public bool IsCubin { get; }

    /// <summary>The PTX text (UTF-8, without the closing zero) or the CUBIN.</summary>
    public ReadOnlyMemory<byte> Image { get; }

    /// <summary>The PTX as text.</summary>
    /// <exception cref="InvalidOperationException">The image is a CUBIN.</exception>
    public string Ptx => IsCubin
        ? throw new InvalidOperationException("the image is a CUBIN; compile for compute_XX to have PTX")
        : Encoding.UTF8.GetString(Image.Span);

    /// <summary>The compiler's log, warnings and all; empty where it had nothing to say.</summary>
    public string Log { get; }

    /// <summary>Each name expression, and the kernel's name in the image.</summary>
    public IReadOnlyDictionary<string, string> LoweredNames { get; }

    /// <summary>What ptxas reported of each kernel; empty for PTX.</summary>
    public IReadOnlyList<KernelResources> Resources { get; }

    /// <summary>Whether it came from the cache.</summary>
    public bool FromCache { get; }
}

using System.Runtime.Intrinsics.X86;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>
/// The kernels for one instruction set. <see cref="Best"/> is chosen once; SEQUOIA_CPU_KERNEL=avx512|avx2|scalar forces one.
/// All tables give the same bits.
/// </summary>
internal abstract unsafe class CpuKernels
{
    public static readonly IReadOnlyList<(string Name, bool Supported, Func<CpuKernels> Create)> Table =
    [
        ("avx512", Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported, () => new CpuKernels<Lanes512, Four, Six>("avx512")),
        ("avx2", Avx2.IsSupported && Fma.IsSupported, () => new CpuKernels<Lanes256, Two, Two>("avx2")),
        ("scalar", true, () => new CpuKernels<LanesScalar, Two, Two>("scalar")),
    ];

    private static readonly Lazy<CpuKernels> Chosen = new(() => Choose(Forced));

    /// <summary>Whether the scalar kernels are used, without being forced, because the program was built for CPUs with fewer features.</summary>
    public static bool WasteProcessor => Best.Name == "scalar" && string.IsNullOrEmpty(Forced)
        && X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ebx & (1 << 5)) != 0;

    protected CpuKernels(string name) => Name = name;

    public static CpuKernels Best => Chosen.Value;

    private static string? Forced => Environment.GetEnvironmentVariable("SEQUOIA_CPU_KERNEL");

    public string Name { get; }

    public static CpuKernels Choose(string? forced)
    {
        if (string.IsNullOrEmpty(forced))
            return Table.First(entry => entry.Supported).Create();
        foreach ((string name, bool supported, Func<CpuKernels> create) in Table)
        {
            if (name == forced)
                return supported ? create() : throw new InvalidInputException($"SEQUOIA_CPU_KERNEL: this processor lacks {forced}; unset the variable");
        }
        throw new InvalidInputException($"SEQUOIA_CPU_KERNEL: '{forced}' is unknown; avx512, avx2 and scalar are known");
    }

    /// <summary>y[token][row] (+)= w[row] . x[token] for rows firstRow .. lastRow-1 of one stored matrix.</summary>
    public abstract void MatMul(TensorView weight, int firstRow, int lastRow, float* x, long xStride, float* y, long yStride, int tokens, bool add);

    public abstract void RmsNorm(float* x, float* weight, float* y, int columns, float epsilon);

    public abstract void SiluMul(float* gate, float* up, float* hidden, int columns);

    /// <summary>Rotates consecutive heads: dimensions d and d + <paramref name="pairs"/> of each are a pair. May work in place.</summary>
    public abstract void Rotate(float* source, int heads, int pairs, float* cos, float* sin, float* destination);

    /// <summary>The number of floats of scratch that <see cref="Attend"/> needs for this many positions.</summary>
    public abstract int AttentionScratch(CpuKvPool pool, int positions);

    /// <summary>Attention of the query heads of one KV head over a sequence's prefix and a path of tree nodes; a table lists the pages of its rows.</summary>
    public abstract void Attend(float* queries, int heads, CpuKvPool pool, int* pages, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* scratch);

    /// <summary>Passes over one row of the vocabulary, for sampling and verification.</summary>
    public abstract VocabularyKernels Vocabulary { get; }
}

internal sealed unsafe class CpuKernels<TLanes, TTall, TWidest>(string name) : CpuKernels(name)
    where TLanes : unmanaged, ILanes<TLanes>
    where TTall : struct, ICount
    where TWidest : struct, ICount
{
    public override VocabularyKernels Vocabulary { get; } = new VocabularyKernels<TLanes>();

    public override void MatMul(TensorView weight, int firstRow, int lastRow, float* x, long xStride, float* y, long yStride, int tokens, bool add)
    {
        switch (weight.Type)
        {
            case TensorType.F32:
                MatMulKernel<TLanes, F32Format<TLanes>, TTall, TWidest>.Multiply(weight, firstRow, lastRow, x, xStride, y, yStride, tokens, add);
                break;
            case TensorType.F16:
                MatMulKernel<TLanes, F16Format<TLanes>, TTall, TWidest>.Multiply(weight, firstRow, lastRow, x, xStride, y, yStride, tokens, add);
                break;
            case TensorType.BF16:
                MatMulKernel<TLanes, BF16Format<TLanes>, TTall, TWidest>.Multiply(weight, firstRow, lastRow, x, xStride, y, yStride, tokens, add);
                break;
            default:
                throw weight.Type.Unknown();
        }
    }

    public override void RmsNorm(float* x, float* weight, float* y, int columns, float epsilon) =>
        ElementwiseKernels<TLanes>.RmsNorm(x, weight, y, columns, epsilon);

    public override void SiluMul(float* gate, float* up, float* hidden, int columns) =>
        ElementwiseKernels<TLanes>.SiluMul(gate, up, hidden, columns);

    public override void Rotate(float* source, int heads, int pairs, float* cos, float* sin, float* destination) =>
        ElementwiseKernels<TLanes>.Rotate(source, heads, pairs, cos, sin, destination);

    public override int AttentionScratch(CpuKvPool pool, int positions) => AttentionKernel<TLanes>.Scratch(pool, positions);

    public override void Attend(float* queries, int heads, CpuKvPool pool, int* pages, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* scratch) =>
        AttentionKernel<TLanes>.Attend(queries, heads, pool, pages, layer, kvHead, prefix, path, output, scratch);
}

using System.Runtime.CompilerServices;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>The small kernels between the matrix products; each works on one row.</summary>
internal static unsafe class ElementwiseKernels<TLanes> where TLanes : unmanaged, ILanes<TLanes>
{
    private const int Width = 16;

    /// <summary>y = x * weight / sqrt(mean(x^2) + epsilon). All three are zero-padded to whole chunks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm(float* x, float* weight, float* y, int columns, float epsilon)
    {
        TLanes squares = TLanes.Zero;
        for (int i = 0; i < columns; i += Width)
        {
            TLanes v = TLanes.Load(x + i);
            squares = TLanes.FusedMultiplyAdd(v, v, squares);
        }
        TLanes scale = TLanes.Broadcast(1f / MathF.Sqrt((TLanes.Sum(squares) / columns) + epsilon));
        for (int i = 0; i < columns; i += Width)
            TLanes.Store(TLanes.Load(x + i) * scale * TLanes.Load(weight + i), y + i);
    }

    /// <summary>(a, b) becomes (a cos - b sin, b cos + a sin) for the elements a = d and b = d + pairs of each head, d &lt; pairs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* source, int heads, int pairs, float* cos, float* sin, float* destination)
    {
        // -0 - x is -x for every x, zeros included.
        TLanes minusZero = TLanes.Broadcast(-0f);
        for (; heads > 0; heads--, source += 2 * pairs, destination += 2 * pairs)
        {
            int d = 0;
            for (; d <= pairs - Width; d += Width)
            {
                TLanes a = TLanes.Load(source + d), b = TLanes.Load(source + d + pairs), c = TLanes.Load(cos + d), s = TLanes.Load(sin + d);
                TLanes.Store(TLanes.FusedMultiplyAdd(a, c, minusZero - (b * s)), destination + d);
                TLanes.Store(TLanes.FusedMultiplyAdd(b, c, a * s), destination + d + pairs);
            }
            for (; d < pairs; d++)
            {
                float a = source[d], b = source[d + pairs];
                destination[d] = MathF.FusedMultiplyAdd(a, cos[d], -(b * sin[d]));
                destination[d + pairs] = MathF.FusedMultiplyAdd(b, cos[d], a * sin[d]);
            }
        }
    }

    /// <summary>hidden = gate * sigmoid(gate) * up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SiluMul(float* gate, float* up, float* hidden, int columns)
    {
        int i = 0;
        for (; i <= columns - Width; i += Width)
            TLanes.Store(SiluMul(TLanes.Load(gate + i), TLanes.Load(up + i)), hidden + i);
        int rest = columns - i;
        if (rest == 0)
            return;
        // gate, up and the end of hidden's padding must not be read or written out of bounds.
        float* padded = stackalloc float[3 * Width];
        new ReadOnlySpan<float>(gate + i, rest).CopyTo(new Span<float>(padded, Width));
        new ReadOnlySpan<float>(up + i, rest).CopyTo(new Span<float>(padded + Width, Width));
        TLanes.Store(SiluMul(TLanes.Load(padded), TLanes.Load(padded + Width)), padded + (2 * Width));
        new ReadOnlySpan<float>(padded + (2 * Width), rest).CopyTo(new Span<float>(hidden + i, rest));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes SiluMul(TLanes gate, TLanes up)
    {
        // sigmoid(g) = 1 / (1 + e^-g) = e^g / (1 + e^g): the form whose exponent is not positive.
        TLanes one = TLanes.Broadcast(1f);
        TLanes e = ExactMath.Exp(TLanes.Zero - TLanes.Abs(gate));
        TLanes sigmoid = TLanes.SelectLess(gate, TLanes.Zero, e, one) / (one + e);
        return gate * sigmoid * up;
    }
}

/// <summary>RMS norm, row by row.</summary>
internal sealed unsafe class RmsNormJob(CpuKernels kernels) : ParallelJob
{
    private CpuActivations? _x, _y;
    private CpuVector? _weight;
    private int _firstRow;
    private float _epsilon;

    public void Set(CpuActivations x, int firstRow, CpuVector weight, float epsilon, CpuActivations y) =>
        (_x, _firstRow, _weight, _epsilon, _y) = (x, firstRow, weight, epsilon, y);

    public override void Execute(int item, int worker) =>
        kernels.RmsNorm(_x!.Row(_firstRow + item), _weight!.Data, _y!.Row(item), _x.Columns, _epsilon);
}

/// <summary>hidden = silu(gate) * up, row by row.</summary>
internal sealed unsafe class SiluMulJob(CpuKernels kernels) : ParallelJob
{
    private CpuActivations? _gateUp, _hidden;

    public void Set(CpuActivations gateUp, CpuActivations hidden) => (_gateUp, _hidden) = (gateUp, hidden);

    public override void Execute(int item, int worker)
    {
        float* gate = _gateUp!.Row(item);
        kernels.SiluMul(gate, gate + _hidden!.Columns, _hidden.Row(item), _hidden.Columns);
    }
}

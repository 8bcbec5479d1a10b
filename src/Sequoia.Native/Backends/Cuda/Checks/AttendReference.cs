
namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>
/// Attention in double precision on the 16-bit operands, with a bound on the error of a correct kernel.
///
/// With weights w_j = exp(s_j - M), L their sum and y = sum of w_j v_j / L, a kernel computes w_j (1 + d_j) in the numerator and w_j (1 + c_j) in
/// the denominator, so to first order |error of y| is at most sum of d_j w_j |v_j| / L + |y| sum of c_j w_j / L. The parts of c_j:
/// - Scores. Products of 16-bit numbers are exact in fp32. Tensor cores that align terms to the largest and truncate lose less than 2^-23 of
///   G_j = sum of |q_d k_d| a term, fused additions half of that: D 2^-23 scale G_j. Scale, log2 e and their products round three times, the
///   subtraction of the maximum and those of all later maxima lose 6 x 2^-24 of the largest score at most: together less than 2^-20 max |s|. An error of a
///   score is a relative error of its weight.
/// - Exponentials: 2^-22 each (two units in the last place). A weight has one, and one more with two roundings for each merge it goes
///   through: 2^-21 each, 4 tiles of its split, and the splits.
/// - Sums: a unit 2^-23 a term. Of weights at most 64 terms are added one after the other; of the scalar twin, all.
/// d_j has the same parts, and the weight's rounding to 16 bits: 2^-11 (F16) or 2^-8 (BF16) of itself, or in F16, where it becomes subnormal,
/// 2^-25 of the largest weight of its tile.
/// At the end y is divided and rounded: 2^-11 or 2^-8 of itself, or 2^-25 where F16 is subnormal. Weights below 2^-126 become 0.
/// Second-order terms are less than a fiftieth, since every d_j above is at most that.
///
/// A replacement has its own tiles, so neither bound applies to it: TwinBound omits the weights' rounding to 16 bits, which tensor cores need,
/// and Bound counts this engine's merges. A replacement may add all terms one after the other and merge every 16 keys. It may round any weight
/// relative to the largest so far: to 2^-11 or 2^-8 of itself, in F16 to 2^-25 of the largest of all where it
/// is subnormal. Numerators and denominators may each use rounded weights or not.
/// </summary>
internal sealed class AttendReference
{
    /// <summary>Keys of a tile: TILE_KEYS of attend.cuh.</summary>
    public const int TileKeys = 64;

    private const double Unit = 1.0 / (1 << 23);
    private const double SecondOrder = 1.02;

    private readonly AttendShape _shape;
    private readonly AttendOperands _operands;
    private readonly double _scale;
    private readonly double _rounding;
    private readonly double _subnormalRounding;

    public AttendReference(AttendShape shape, AttendOperands operands, float scale)
    {
        (_shape, _operands, _scale) = (shape, operands, scale);
        _rounding = shape.Element == Element.F16 ? 1.0 / (1 << 11) : 1.0 / (1 << 8);
        _subnormalRounding = shape.Element == Element.F16 ? 1.0 / (1 << 25) : 0;
        Expected = new double[shape.Rows * shape.Heads * shape.HeadDim];
        Bound = new double[Expected.Length];
        TwinBound = new double[Expected.Length];
        ReplacementBound = new double[Expected.Length];
        Parallel.For(0, shape.Rows * shape.Heads, item => Compute(item / shape.Heads, item % shape.Heads));
    }

    /// <summary>[row][head][dimension].</summary>
    public double[] Expected { get; }

    /// <summary>The error bound of the tensor cores' result.</summary>
    public double[] Bound { get; }

    /// <summary>The error bound of the scalar twin's result.</summary>
    public double[] TwinBound { get; }

    /// <summary>The error bound of a user's kernel, for any tiling.</summary>
    public double[] ReplacementBound { get; }

    private void Compute(int row, int head)
    {
        int keys = _shape.Position(row) + 1, dims = _shape.HeadDim, kvHead = head / _shape.Group;
        double[] query = Widened(_operands.Queries.AsSpan((row * _operands.QueryStride) + (head * dims), dims));
        double[] score = new double[keys], magnitude = new double[keys];
        double[][] values = new double[keys][];
        for (int j = 0; j < keys; j++)
        {
            double[] key = Widened(_operands.Row(_operands.Keys, kvHead, _shape.CacheRow(row, j)));
            for (int d = 0; d < dims; d++)
            {
                score[j] += query[d] * key[d] * _scale;
                magnitude[j] += Math.Abs(query[d] * key[d]) * _scale;
            }
            values[j] = Widened(_operands.Row(_operands.Values, kvHead, _shape.CacheRow(row, j)));
        }
        double max = score.Max();
        double[] weight = [.. score.Select(s => Math.Exp(s - max))];
        double total = weight.Sum(), largest = score.Max(Math.Abs);
        int merges = 4 + AttendKernels.Splits(keys);
        Span<double> tensorError = stackalloc double[dims], twinError = stackalloc double[dims], otherError = stackalloc double[dims], sum = stackalloc double[dims];
        double tensorTotalError = 0, twinTotalError = 0, otherTotalError = 0, tileLargest = 0;
        for (int j = 0; j < keys; j++)
        {
            if (j % TileKeys == 0)
                tileLargest = weight.AsSpan(j, Math.Min(TileKeys, keys - j)).ToArray().Max();
            double ofScore = (dims * Unit * magnitude[j]) + (largest / (1 << 20));
            double tensor = ofScore + (2 * Unit) + (4 * merges * Unit), twin = ofScore + (4 * Unit) + (6 * keys / 128.0 * Unit) + (keys * Unit);
            tensorTotalError += weight[j] * (tensor + (TileKeys * Unit));
            twinTotalError += weight[j] * twin;
            double ofOther = (weight[j] * (ofScore + (2 * Unit) + (4 * keys / 16.0 * Unit) + (keys * Unit) + _rounding)) + _subnormalRounding;
            otherTotalError += ofOther;
            double ofWeight = (weight[j] * (tensor + (TileKeys * Unit) + _rounding)) + (tileLargest * _subnormalRounding);
            for (int d = 0; d < dims; d++)
            {
                double value = Math.Abs(values[j][d]);
                sum[d] += weight[j] * values[j][d];
                tensorError[d] += (ofWeight + 1e-36) * value;
                twinError[d] += ((weight[j] * twin) + 1e-36) * value;
                otherError[d] += (ofOther + 1e-36) * value;
            }
        }
        int at = ((row * _shape.Heads) + head) * dims;
        for (int d = 0; d < dims; d++)
        {
            double y = sum[d] / total, ofOutput = (Math.Abs(y) * (_rounding + Unit)) + _subnormalRounding;
            Expected[at + d] = y;
            Bound[at + d] = (SecondOrder * (tensorError[d] + (Math.Abs(y) * tensorTotalError)) / total) + ofOutput;
            TwinBound[at + d] = (SecondOrder * (twinError[d] + (Math.Abs(y) * twinTotalError)) / total) + ofOutput;
            ReplacementBound[at + d] = (SecondOrder * (otherError[d] + (Math.Abs(y) * otherTotalError)) / total) + ofOutput;
        }
    }

    private double[] Widened(Span<ushort> elements)
    {
        double[] wide = new double[elements.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = Elements.Widen(elements[i], _shape.Element);
        return wide;
    }
}

using System.Numerics;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>
/// The linear layers in double precision, with a bound on what a sound kernel's rounding adds up to. None of it is fitted.
///
/// A sum of n products. Let S = sum |w x|; partial sums are at most S. Products of two 16-bit numbers are exact in what follows.
/// - A chain of fused multiply-adds rounds n times, by at most 2^-24 of a partial sum: n 2^-24 S.
/// - Tensor cores truncate. As documented for Ampere, 8 products and the sum so far are aligned to the largest of the nine and cut 24 bits below
///   its leading place, each by less than 2^-24 S, and the result is cut to single: 9 x 2^-24 S + 2^-23 S = 5.5 x 2^-23 S for 8 products. For
///   Hopper, 16 products, 25 bits: 17 x 2^-25 S + 2^-23 S = 5.25 x 2^-23 S for 16.
/// So 2^-23 S for each product covers all three. Zeros that fill up the last 16 change nothing. Adding up splits rounds once for each, by 2^-24 S.
/// Partial sums themselves carry their errors, which makes them larger than S by less than 1 %: n 2^-23 is below 0.01 for any n here.
///
/// A norm's factor is 1 / (s sqrt(mean + epsilon)), of m sums of squares: added in any order they round at most m times, quotient and epsilon once each,
/// under the root half of it; root and reciprocal once each. s is a power of two. So (m / 2 + 3) 2^-24 of it, and 1 % for terms of second order.
/// </summary>
internal sealed class MatMulReference
{
    private const double Rounding = 1.0 / (1 << 24);

    // |silu'| is at most 1.0998.
    private const double SteepestSilu = 1.1;

    // exact_exp is within 2.7 units of 2^-23, once in the numerator and at most half of it in 1 + e; sum, quotient and two products round once each.
    private const double SiluRounding = ((2.7 * 1.5) + 2) * 2 * Rounding;

    // exact_exp is 0 below -87, where silu(g) is less than 88 e^-87.
    private const double SmallestSilu = 1.5e-36;

    private readonly MatMulInputs _inputs;
    private readonly int _length;
    // 16-bit elements are exact in fp32, too.
    private readonly float[] _matrix, _x;

    public MatMulReference(MatMulInputs inputs)
    {
        _inputs = inputs;
        // A whole number of vectors, with zeros at the end.
        _length = (inputs.Case.Columns + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        _matrix = Widen(inputs.Matrix, inputs.Case.Outputs);
        _x = Widen(inputs.X, inputs.Case.Rows);
    }

    /// <summary>The scale of a norm's operands, of the mean square, with epsilon, at the norm before: norm.cuh.</summary>
    public static double OperandScale(double meanSquare) => Math.ScaleB(1, -6 - (int)Math.Floor(Math.Log2(meanSquare) / 2));

    /// <summary>y of matmul and matmul_add.</summary>
    public Bounded Output(int row, int output)
    {
        Bounded sum = Sum(row, output);
        if (_inputs.Case.Kind == MatMulKind.Plain)
            return sum;
        double value = sum.Value + _inputs.Before[(row * _inputs.Case.Outputs) + output];
        return new(value, sum.Error + (Rounding * (Math.Abs(value) + sum.Error)));
    }

    /// <summary>The operands of the norm that follows matmul_add: one product rounds, then the result.</summary>
    public Bounded Normed(int row, int output)
    {
        Bounded y = Output(row, output);
        double weight = _inputs.NormWeight[output] * OperandScale(MeanSquare(_inputs.Squares.Before, row));
        return Narrowed(new(y.Value * weight, (y.Error + (Rounding * (Math.Abs(y.Value) + y.Error))) * Math.Abs(weight)));
    }

    /// <summary>A sum of squares of that norm: each of up to 128 squares and sums rounds.</summary>
    public Bounded Squares(int row, int part)
    {
        double sum = 0, error = 0;
        for (int output = part * CudaNormed.PartColumns; output < Math.Min(_inputs.Case.Outputs, (part + 1) * CudaNormed.PartColumns); output++)
        {
            Bounded y = Output(row, output);
            double most = Math.Abs(y.Value) + y.Error;
            sum += y.Value * y.Value;
            error += (y.Error * (Math.Abs(y.Value) + most)) + ((CudaNormed.PartColumns + 1) * Rounding * most * most);
        }
        return new(sum, error);
    }

    /// <summary>y of matmul_silu_mul.</summary>
    public Bounded Hidden(int row, int unit)
    {
        Bounded gate = Sum(row, unit), up = Sum(row, (_inputs.Case.Outputs / 2) + unit);
        double silu = gate.Value / (1 + Math.Exp(-gate.Value)), ofSilu = (SteepestSilu * gate.Error) + SmallestSilu;
        double largest = (Math.Abs(silu) + ofSilu) * (Math.Abs(up.Value) + up.Error);
        double error = ((Math.Abs(silu) + ofSilu) * up.Error) + (ofSilu * Math.Abs(up.Value)) + (SiluRounding * largest);
        return Narrowed(new(silu * up.Value, error));
    }

    /// <summary>matmul_rope's result for two dimensions of a head that rotate together: queries and keys rotated, values unchanged.</summary>
    /// <param name="row">The row of x.</param>
    /// <param name="first">The first of the two dimensions, counted over all heads.</param>
    public (Bounded First, Bounded Second) Rotated(int row, int first)
    {
        MatMulCase sizes = _inputs.Case;
        int half = sizes.HeadDim / 2;
        Bounded a = Sum(row, first), b = Sum(row, first + half);
        (int head, int dimension) = Math.DivRem(first, sizes.HeadDim);
        if (head >= sizes.Heads + sizes.KvHeads)
            return (Narrowed(a), Narrowed(b));
        int angle = ((_inputs.Case.Committed + _inputs.Tree.Depth(_inputs.Nodes[row])) * half) + dimension;
        double c = _inputs.Cos[angle], s = _inputs.Sin[angle];
        return (Narrowed(Turned(a, c, b, -s)), Narrowed(Turned(b, c, a, s)));
    }

    /// <summary>u c + v s: the product is rounded, then the fused sum.</summary>
    private static Bounded Turned(Bounded u, double c, Bounded v, double s)
    {
        double error = (u.Error * Math.Abs(c)) + (v.Error * Math.Abs(s));
        double largest = Math.Abs(u.Value * c) + Math.Abs(v.Value * s) + error;
        return new((u.Value * c) + (v.Value * s), error + (2 * Rounding * largest));
    }

    private Bounded Narrowed(Bounded exact) => exact.Narrowed(_inputs.Case.Element);

    private Bounded Sum(int row, int output)
    {
        Vector<double> sum = default, sizes = default;
        ReadOnlySpan<float> weight = _matrix.AsSpan(output * _length, _length), x = _x.AsSpan(row * _length, _length);
        for (int k = 0; k < _length; k += Vector<float>.Count)
        {
            Vector.Widen(new Vector<float>(weight[k..]), out Vector<double> w0, out Vector<double> w1);
            Vector.Widen(new Vector<float>(x[k..]), out Vector<double> x0, out Vector<double> x1);
            Vector<double> p0 = w0 * x0, p1 = w1 * x1;
            sum += p0 + p1;
            sizes += Vector.Abs(p0) + Vector.Abs(p1);
        }
        Bounded product = new(Vector.Sum(sum), ((2 * _inputs.Case.Columns) + _inputs.Case.Shape.Splits) * Rounding * 1.01 * Vector.Sum(sizes));
        if (_inputs.Case.Kind == MatMulKind.Add)
            return product;
        double factor = 1 / (OperandScale(MeanSquare(_inputs.Squares.Before, row)) * Math.Sqrt(MeanSquare(_inputs.Squares.Of, row)));
        double relative = ((_inputs.Case.NormParts / 2.0) + 3 + 1) * Rounding * 1.01;
        return new(product.Value * factor, (product.Error + (relative * (Math.Abs(product.Value) + product.Error))) * factor);
    }

    private double MeanSquare(float[] squares, int row)
    {
        double sum = 0;
        for (int part = 0; part < _inputs.Case.NormParts; part++)
            sum += squares[(row * _inputs.Case.NormParts) + part];
        return (sum / _inputs.Case.NormColumns) + _inputs.Case.Epsilon;
    }

    private float[] Widen(ushort[] elements, int rows)
    {
        float[] wide = new float[rows * _length];
        Parallel.For(0, rows, row =>
        {
            for (int column = 0; column < _inputs.Case.Columns; column++)
                wide[(row * _length) + column] = Elements.Widen(elements[(row * _inputs.Case.Columns) + column], _inputs.Case.Element);
        });
        return wide;
    }
}

using System.Runtime.Intrinsics;
using Sequoia.Native.Models;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>
/// A Llama model in double precision, over one text at once. With a rounding it simulates a device: weights are the stored ones, and what is
/// multiplied by weights, keys or values (normed rows, queries, keys, values, attention's result, the hidden row) is rounded; sums are not.
/// </summary>
internal sealed class DoubleLlama(LlamaConfig config, LlamaTensors tensors, Func<double, double> round)
{
    private readonly Dictionary<string, double[]> _weights = [];

    /// <summary>[position][token]</summary>
    public double[][] Logits(int[] tokens)
    {
        int n = tokens.Length, hidden = config.HiddenSize, dim = config.HeadDim;
        double[] embedding = Widened(tensors.Embedding);
        double[][] residual = [.. tokens.Select(token => embedding.AsSpan(token * hidden, hidden).ToArray())];
        foreach (LlamaLayerTensors layer in tensors.Layers)
        {
            double[][] normed = Norm(residual, layer.InputNorm);
            double[][] queries = Multiply(layer.Q, normed), keys = Multiply(layer.K, normed), values = Multiply(layer.V, normed);
            for (int position = 0; position < n; position++)
            {
                Rotate(queries[position], position);
                Rotate(keys[position], position);
                Round(values[position]);
            }
            double[][] attended = new double[n][];
            Parallel.For(0, n, position => attended[position] = Attend(queries[position], keys, values, position, dim));
            Add(residual, Multiply(layer.O, attended));
            normed = Norm(residual, layer.PostAttentionNorm);
            double[][] gate = Multiply(layer.Gate, normed), up = Multiply(layer.Up, normed);
            for (int position = 0; position < n; position++)
            {
                for (int c = 0; c < config.IntermediateSize; c++)
                    gate[position][c] = round(gate[position][c] / (1 + Math.Exp(-gate[position][c])) * up[position][c]);
            }
            Add(residual, Multiply(layer.Down, gate));
        }
        return Multiply(tensors.Head, Norm(residual, tensors.FinalNorm));
    }

    private double[] Attend(double[] queries, double[][] keys, double[][] values, int position, int dim)
    {
        double[] result = new double[config.Heads * dim], weights = new double[position + 1];
        for (int head = 0; head < config.Heads; head++)
        {
            int at = head * dim, kv = head / (config.Heads / config.KvHeads) * dim;
            for (int j = 0; j <= position; j++)
            {
                double score = 0;
                for (int d = 0; d < dim; d++)
                    score += queries[at + d] * keys[j][kv + d];
                weights[j] = score / Math.Sqrt(dim);
            }
            double max = weights.Max(), sum = 0;
            for (int j = 0; j <= position; j++)
                sum += weights[j] = Math.Exp(weights[j] - max);
            for (int j = 0; j <= position; j++)
            {
                for (int d = 0; d < dim; d++)
                    result[at + d] += weights[j] / sum * values[j][kv + d];
            }
        }
        Round(result);
        return result;
    }

    private void Rotate(double[] row, int position)
    {
        int pairs = config.HeadDim / 2;
        for (int head = 0; head < row.Length / config.HeadDim; head++)
        {
            for (int pair = 0; pair < pairs; pair++)
            {
                double frequency = Math.Pow(config.RopeTheta, -2.0 * pair / config.HeadDim);
                (double sin, double cos) = Math.SinCos(position * (config.RopeScaling?.Scale(frequency) ?? frequency));
                ref double first = ref row[(head * config.HeadDim) + pair], second = ref row[(head * config.HeadDim) + pair + pairs];
                (first, second) = (round((first * cos) - (second * sin)), round((second * cos) + (first * sin)));
            }
        }
    }

    private double[][] Norm(double[][] rows, TensorView weight)
    {
        double[] scale = Widened(weight);
        return [.. rows.Select(row =>
        {
            double factor = 1 / Math.Sqrt((row.Sum(x => x * x) / row.Length) + config.RmsNormEpsilon);
            return row.Select((x, c) => round(x * factor * scale[c])).ToArray();
        })];
    }

    /// <summary>Row by row of the matrix, eight positions to a vector.</summary>
    private double[][] Multiply(TensorView matrix, double[][] rows)
    {
        const int Wide = 8, Vectors = 4;
        double[] weights = Widened(matrix);
        int outputs = matrix.Rows, columns = matrix.Columns, padded = (rows.Length + (Wide * Vectors) - 1) / (Wide * Vectors) * Wide * Vectors;
        double[] turned = new double[columns * padded];
        for (int row = 0; row < rows.Length; row++)
        {
            for (int k = 0; k < columns; k++)
                turned[(k * padded) + row] = rows[row][k];
        }
        double[][] results = [.. rows.Select(_ => new double[outputs])];
        Parallel.For(0, outputs, output =>
        {
            Span<double> sums = stackalloc double[Wide * Vectors];
            ReadOnlySpan<double> factors = weights.AsSpan(output * columns, columns);
            for (int first = 0; first < rows.Length; first += Wide * Vectors)
            {
                Vector512<double> a = default, b = default, c = default, d = default;
                ref double column = ref turned[first];
                for (int k = 0; k < columns; k++)
                {
                    Vector512<double> factor = Vector512.Create(factors[k]);
                    nuint at = (nuint)(k * padded);
                    a = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref column, at), a);
                    b = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref column, at + Wide), b);
                    c = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref column, at + (2 * Wide)), c);
                    d = Vector512.FusedMultiplyAdd(factor, Vector512.LoadUnsafe(ref column, at + (3 * Wide)), d);
                }
                a.CopyTo(sums);
                b.CopyTo(sums[Wide..]);
                c.CopyTo(sums[(2 * Wide)..]);
                d.CopyTo(sums[(3 * Wide)..]);
                for (int i = 0; i < Wide * Vectors && first + i < rows.Length; i++)
                    results[first + i][output] = sums[i];
            }
        });
        return results;
    }

    private static void Add(double[][] rows, double[][] more)
    {
        for (int row = 0; row < rows.Length; row++)
        {
            for (int c = 0; c < rows[row].Length; c++)
                rows[row][c] += more[row][c];
        }
    }

    private void Round(double[] row)
    {
        for (int c = 0; c < row.Length; c++)
            row[c] = round(row[c]);
    }

    private unsafe double[] Widened(TensorView tensor)
    {
        if (_weights.TryGetValue(tensor.Name, out double[]? known))
            return known;
        double[] widened = new double[(long)tensor.Rows * tensor.Columns];
        for (int i = 0; i < widened.Length; i++)
        {
            widened[i] = tensor.Type switch
            {
                TensorType.F32 => ((float*)tensor.Data)[i],
                TensorType.F16 => (double)((Half*)tensor.Data)[i],
                _ => BitConverter.UInt32BitsToSingle((uint)((ushort*)tensor.Data)[i] << 16),
            };
        }
        return _weights[tensor.Name] = widened;
    }
}

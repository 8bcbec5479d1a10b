using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A shape's contents on the host, in 16 bits. What no row may use is NaN.</summary>
internal sealed class AttendOperands
{
    /// <summary>NaN in both types.</summary>
    public const ushort NotANumber = 0x7fab;

    // Elements of a row behind those that are used: strides are wider than rows.
    private const int Padding = 8;

    private readonly AttendShape _shape;

    public AttendOperands(AttendShape shape)
    {
        _shape = shape;
        QueryStride = (shape.Heads * shape.HeadDim) + Padding;
        Queries = Poisoned((long)shape.Rows * QueryStride);
        Keys = Poisoned((long)shape.KvHeads * shape.Capacity * shape.HeadDim);
        Values = Poisoned(Keys.Length);
        for (int row = 0; row < shape.Rows; row++)
        {
            int token = shape.Tokens[shape.Nodes[row]];
            for (int head = 0; head < shape.Heads && row != shape.DamagedRow; head++)
                Fill(Queries.AsSpan((row * QueryStride) + (head * shape.HeadDim), shape.HeadDim), 1, token, head, shape.Spread);
        }
        for (int at = 0; at < shape.Prefix + shape.Tree.Size; at++)
        {
            int token = at < shape.Prefix ? at : shape.Tokens[at - shape.Prefix];
            for (int head = 0; head < shape.KvHeads; head++)
            {
                Fill(Row(Keys, head, at), 2, token, head, 1);
                Fill(Row(Values, head, at), 3, token, head, shape.Spread);
            }
        }
        (Depths, Paths) = ([.. Enumerable.Range(0, shape.Tree.Size).Select(shape.Tree.Depth)], new int[shape.Tree.Size * shape.Tree.Levels]);
        // What is behind a node's path must not be used: it is far outside.
        Array.Fill(Paths, int.MinValue / 2);
        for (int node = 0; node < shape.Tree.Size; node++)
            shape.Tree.Path(node).CopyTo(Paths.AsSpan(node * shape.Tree.Levels));
    }

    public ushort[] Queries { get; }

    public ushort[] Keys { get; }

    public ushort[] Values { get; }

    public int[] Depths { get; }

    public int[] Paths { get; }

    public int QueryStride { get; }

    /// <summary>A key or value of one head.</summary>
    public Span<ushort> Row(ushort[] plane, int head, int at) => plane.AsSpan(((head * _shape.Capacity) + at) * _shape.HeadDim, _shape.HeadDim);

    private static ushort[] Poisoned(long length)
    {
        var elements = new ushort[length];
        Array.Fill(elements, NotANumber);
        return elements;
    }

    private void Fill(Span<ushort> elements, int what, int token, int head, float most)
    {
        ulong state = ((((ulong)_shape.Seed << 8) + (ulong)what) << 40) + ((ulong)token << 8) + (ulong)head;
        for (int i = 0; i < elements.Length; i++)
        {
            // SplitMix64.
            ulong bits = state += 0x9E3779B97F4A7C15;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            elements[i] = Elements.Narrow((((bits ^ (bits >> 31)) >> 40) * (most / (1 << 23))) - most, _shape.Element);
        }
    }
}

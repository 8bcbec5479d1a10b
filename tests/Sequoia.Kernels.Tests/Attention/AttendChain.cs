using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>
/// A chain of tokens 0, 1, 2 ... whose rows were computed one at a time, each a lone root behind its prefix: what the row of the same tokens must
/// be in any other call, bit for bit. Of the tensor cores' kernels the lower halves of the sums are compared, which rounding to 16 bits would hide.
/// </summary>
internal sealed class AttendChain(CudaKernels kernels, int headDim, int kvHeads, int group, bool tensorCores = true)
{
    /// <summary>Writes the lower half of each fp32 result instead of the result rounded to 16 bits.</summary>
    public static readonly Mutation LowerHalves = new(
        "Lower_halves", "attend_partials.cuh", "{packed<ELEMENT>(y.x, y.y), packed<ELEMENT>(y.z, y.w)};",
        "{__float_as_uint(y.x) & 0xFFFFu | __float_as_uint(y.y) << 16, __float_as_uint(y.z) & 0xFFFFu | __float_as_uint(y.w) << 16};");

    private readonly Dictionary<int, ushort[]> _rows = [];

    /// <summary>Compares all rows of a tree whose path to <paramref name="leaf"/> continues the chain, and of other nodes above it.</summary>
    public void Check(int prefix, TokenTree tree, int leaf, int[] nodes, int spare)
    {
        int[] tokens = [.. Enumerable.Range(1 << 20, tree.Size)], path = tree.Path(leaf).ToArray();
        for (int depth = 0; depth < path.Length; depth++)
            tokens[path[depth]] = prefix + depth;
        AttendShape shape = Shape(prefix, tree, nodes, tokens, spare);
        ushort[][] results = Results(shape);
        foreach ((int row, int node) in nodes.Index())
        {
            if (Array.IndexOf(path, node) is var depth && depth >= 0 && !results[row].AsSpan().SequenceEqual(Row(prefix + depth)))
                throw new KernelFault($"{shape}: row {row} at {prefix + depth} has other bits than alone in a chain");
        }
    }

    private ushort[] Row(int position)
    {
        if (!_rows.TryGetValue(position, out ushort[]? row))
            _rows[position] = row = Results(Shape(position, TokenTree.Root, [0], [position], 1))[0];
        return row;
    }

    private ushort[][] Results(AttendShape shape)
    {
        using var problem = new AttendProblem(kernels, shape, tensorCores);
        problem.Launch();
        return problem.Results();
    }

    private AttendShape Shape(int prefix, TokenTree tree, int[] nodes, int[] tokens, int spare) => new()
    {
        Element = kernels.Element,
        HeadDim = headDim,
        KvHeads = kvHeads,
        Group = group,
        Prefix = prefix,
        Positions = prefix + tree.Size + spare,
        Tree = tree,
        Nodes = nodes,
        Tokens = tokens,
        Seed = 5,
    };
}

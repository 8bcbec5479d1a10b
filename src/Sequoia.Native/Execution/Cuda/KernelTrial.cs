using Sequoia.Interop;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// Runs a set of kernels beside the engine's own, operation by operation, on the same random inputs: a layer over a prompt and over a tree
/// behind it, then drawing, verifying and compaction.
/// </summary>
internal sealed class KernelTrial
{
    // Longer than one of attention's chunks, and no multiple of anything.
    private const int Prefix = 150;
    private const float Epsilon = 1e-5f;

    // Sums of some hundred terms in another order differ by less than a hundred units in the last place of their largest term.
    private const double Tolerance = 1e-5;

    private static readonly TokenTree Prompt = TokenTree.Chain(Prefix - 1);
    private static readonly TokenTree Tree = TokenTree.Chains(3, 4);

    private readonly TrialSide _own, _other;

    private KernelTrial(TrialSide own, TrialSide other) => (_own, _other) = (own, other);

    /// <exception cref="InvalidInputException">A replaced kernel does not compile, has other parameters, or computes something else.</exception>
    public static void Check(CudaDevice device, CudaCompiler compiler, KernelSet set)
    {
        try
        {
            Run(device, compiler, set, Element.F16, headDim: 16);
            Run(device, compiler, set, Element.BF16, headDim: 8);
        }
        catch (Exception e) when (e is CudaException or ArgumentException)
        {
            throw new InvalidInputException($"kernel: {string.Join(", ", set.Replaced.Order())}: {e.Message}", e);
        }
    }

    private static void Run(CudaDevice device, CudaCompiler compiler, KernelSet set, Element element, int headDim)
    {
        using var own = new CudaBackend(device, compiler, KernelSet.Default, element);
        using var other = new CudaBackend(device, compiler, set, element);
        TensorType type = element == Element.F16 ? TensorType.F16 : TensorType.BF16;
        int capacity = Prefix + Tree.Size;
        using TrialSide left = new(own, type, headDim, capacity, Prefix), right = new(other, type, headDim, capacity, Prefix);
        var trial = new KernelTrial(left, right);
        trial.Pass(Prompt);
        (left.Cache.Length, right.Cache.Length) = (Prefix, Prefix);
        trial.Pass(Tree);
        trial.Sample(new SamplingOptions(0));
        trial.Sample(new SamplingOptions(0.8f, 0.9f, 50));
        trial.Compact();
    }

    private void Pass(TokenTree tree)
    {
        TreeRows rows = TreeRows.All(tree);
        rows.Prefix = _own.Cache.Length;
        int n = tree.Size;
        var random = new Random(n);
        int[] tokens = [.. Enumerable.Range(0, n).Select(_ => random.Next(TrialSide.Vocabulary))];
        Both(side =>
        {
            side.State?.Dispose();
            side.State = side.Backend.AllocateTree(tree, tree == Prompt ? 0 : TrialSide.Vocabulary);
            side.State.Upload(tokens);
        });
        Do("embed", n, side => side.X, side => side.Backend.Embed(side.Embedding, side.State, rows, side.X));
        Do("rms_norm", n, side => side.Normed, side => side.Backend.RmsNorm(side.X, 0, n, side.Norm, Epsilon, side.Normed));
        Do("matmul", n, side => side.Projected, side => side.Backend.MatMul(side.Qkv, side.Normed, side.Projected, n));
        Do("rope_append", n, side => side.Projected, side => side.Backend.RopeAppend(side.Projected, side.Rope, side.Cache, 0, rows));
        Do("rope_append or attend", n, side => side.Attended, side => side.Backend.Attend(side.Projected, side.Cache, 0, rows, side.Attended));
        Do("matmul", n, side => side.X, side => side.Backend.MatMulAdd(side.Output, side.Attended, side.X, n));
        Do("matmul", n, side => side.Gates, side => side.Backend.MatMul(side.GateUp, side.X, side.Gates, n));
        Do("silu_mul", n, side => side.Inner, side => side.Backend.SiluMul(side.Gates, side.Inner, n));
        Do("matmul", n, side => side.X, side => side.Backend.MatMulAdd(side.Down, side.Inner, side.X, n));
        Do("matmul", n, side => side.Logits, side => side.Backend.MatMul(side.Head, side.X, side.Logits, n));
    }

    /// <summary>Children and verdicts are choices: the same or wrong.</summary>
    private void Sample(SamplingOptions sampling)
    {
        for (uint step = 0; step < 8; step++)
        {
            var key = new RandomKey(7, step);
            for (int level = 0; level < Tree.Levels - 1; level++)
            {
                int start = Tree.LevelStart(level);
                var rows = new TreeRows(Tree, [.. Enumerable.Range(start, Tree.LevelCount(level)).Where(node => Tree.ChildCount(node) > 0)]);
                Both(side => side.Backend.DrawChildren(side.Logits, rows, side.State, sampling, key));
            }
            int[] all = [.. Enumerable.Range(0, Tree.Size)];
            if (!Tokens(_own).SequenceEqual(Tokens(_other)))
                throw Differs("draw_children", $"draws other children (step {step}, temperature {sampling.Temperature})");
            if (Verify(_own) != Verify(_other))
                throw Differs("verify_tree", $"accepts another path or token (step {step}, temperature {sampling.Temperature})");

            int[] Tokens(TrialSide side)
            {
                int[] tokens = new int[all.Length];
                side.State.Download(all, tokens);
                return tokens;
            }

            string Verify(TrialSide side)
            {
                var verdict = new Verdict(Tree.Levels);
                side.Backend.VerifyTree(side.Logits, Tree.Size, side.State, sampling, key, verdict);
                return $"{string.Join(' ', verdict.Path.ToArray())} {verdict.Token} {verdict.Ahead}";
            }
        }
    }

    private void Compact()
    {
        int[] path = Tree.Path(Tree.Size - 1).ToArray();
        Both(side =>
        {
            side.Backend.Compact(side.Cache, path);
            side.Cache.Length += path.Length;
        });
        // What was moved is seen by attention.
        TreeRows rows = TreeRows.All(TokenTree.Root);
        rows.Prefix = _own.Cache.Length - 1;
        Do("compact_kv", 1, side => side.Attended, side => side.Backend.Attend(side.Projected, side.Cache, 0, rows, side.Attended));
    }

    private void Both(Action<TrialSide> run)
    {
        run(_own);
        run(_other);
    }

    /// <summary>Compares an operation's result, and gives the other side the own one, so that later operations begin alike.</summary>
    private void Do(string kernel, int rows, Func<TrialSide, Activations> result, Action<TrialSide> run)
    {
        Both(run);
        var own = (CudaActivations)result(_own);
        var other = (CudaActivations)result(_other);
        float[] right = own.Data.ToArray(), theirs = other.Data.ToArray();
        float largest = 0;
        // Behind a row's last column there is whatever was there before.
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < own.Columns; column++)
                largest = Math.Max(largest, Math.Abs(right[(row * own.Stride) + column]));
        }
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < own.Columns; column++)
            {
                float a = right[(row * own.Stride) + column], b = theirs[(row * own.Stride) + column];
                // Also for NaN.
                if (!(Math.Abs(a - b) <= Tolerance * largest))
                    throw Differs(kernel, $"row {row}, column {column} is {b:R} instead of {a:R}");
            }
        }
        other.Data.CopyFrom(right);
    }

    private static InvalidInputException Differs(string kernel, string how) =>
        new($"kernel: {kernel}: the replacement computes something else than the engine's own on random inputs: {how}");
}

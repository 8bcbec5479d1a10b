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
    private readonly Element _element;

    private KernelTrial(TrialSide own, TrialSide other, Element element) => (_own, _other, _element) = (own, other, element);

    /// <exception cref="InvalidInputException">A replaced kernel does not compile, has other parameters, or computes something else.</exception>
    public static void Check(CudaDevice device, CudaCompiler compiler, KernelSet set)
    {
        try
        {
            Run(device, compiler, set, Element.F16, headDim: 32);
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
        var trial = new KernelTrial(left, right, element);
        trial.Pass(Prompt);
        (left.Cache.Length, right.Cache.Length) = (Prefix, Prefix);
        trial.Pass(Tree);
        trial.Sample(new SamplingOptions(0));
        trial.Sample(new SamplingOptions(0.8f, 0.9f, 50));
        trial.Commit();
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
            side.State.Begin(tokens, _own.Cache.Length);
        });
        Do("embed", n, side => side.X, side => side.Backend.Embed(side.Embedding, side.State, rows, side.X));
        Do("rms_norm", n, side => side.Normed, side => side.Backend.RmsNorm(side.X, 0, n, side.Norm, Epsilon, side.Normed));
        Do("matmul", n, side => side.Queries, side => side.Backend.ProjectQkv(side.Qkv, side.Normed, side.Rope, side.Cache, 0, side.State, rows, side.Queries));
        // Keys and values are seen by what attention makes of them.
        Do("matmul or attend", n, side => side.Attended, side => side.Backend.Attend(side.Queries, side.Cache, 0, side.State, rows, side.Attended));
        Do("matmul", n, side => side.X, side => side.Backend.MatMulAdd(side.Output, side.Attended, side.X, n));
        Do("matmul", n, side => side.Inner, side => side.Backend.GateUp(side.GateUp, side.Normed, side.Inner, n));
        Do("matmul", n, side => side.X, side => side.Backend.MatMulAdd(side.Down, side.Inner, side.X, n));
        Do("rms_norm", n, side => side.Normed, side => side.Backend.RmsNorm(side.X, 0, n, side.Norm, Epsilon, side.Normed));
        Do("matmul", n, side => side.Logits, side => side.Backend.MatMul(side.Head, side.Normed, side.Logits, n));
    }

    /// <summary>Children and verdicts are choices: the same or wrong.</summary>
    private void Sample(SamplingOptions sampling)
    {
        for (uint step = 0; step < 8; step++)
        {
            var key = new RandomKey(7, step);
            Both(side => side.State.Begin([], side.Cache.Length, key));
            for (int level = 0; level < Tree.Levels - 1; level++)
            {
                int start = Tree.LevelStart(level);
                var rows = new TreeRows(Tree, [.. Enumerable.Range(start, Tree.LevelCount(level)).Where(node => Tree.ChildCount(node) > 0)]);
                Both(side => side.Backend.DrawChildren(side.Logits, rows, side.State, sampling));
            }
            if (!Tokens(_own.State).SequenceEqual(Tokens(_other.State)))
                throw Differs("draw_children", $"draws other children (step {step}, temperature {sampling.Temperature})");
            if (Verify(_own) != Verify(_other))
                throw Differs("verify_tree", $"accepts another path or token (step {step}, temperature {sampling.Temperature})");

            string Verify(TrialSide side)
            {
                side.Backend.VerifyTree(side.Logits, Tree.Size, side.State, sampling);
                side.Backend.FetchVerdict(side.State);
                Verdict verdict = side.State.Verdict;
                return $"{string.Join(' ', verdict.Path.ToArray())} | {string.Join(' ', verdict.Tokens.ToArray())} | {verdict.Ahead}";
            }
        }
    }

    private void Commit()
    {
        int[] path = Tree.Path(Tree.Size - 1).ToArray();
        Both(side =>
        {
            side.State.Decide(path, token: 5);
            side.Backend.Commit(side.State, side.Pending, side.Cache, side.DraftCache);
            side.Cache.Length += path.Length;
            side.State.Committed = side.Cache.Length;
        });
        if (!Tokens(_own.State).SequenceEqual(Tokens(_other.State)) || !Tokens(_own.Pending).SequenceEqual(Tokens(_other.Pending)))
            throw Differs("advance_step", "leaves other tokens for the next step");
        // What was moved is seen by attention, and so is the number of committed tokens.
        var rows = new TreeRows(Tree, [0]) { Prefix = _own.Cache.Length - 1 };
        Do("compact_kv or advance_step", 1, side => side.Attended, side => side.Backend.Attend(side.Queries, side.Cache, 0, side.State, rows, side.Attended));
    }

    private static int[] Tokens(TreeState state)
    {
        int[] all = [.. Enumerable.Range(0, state.Tree.Size)], tokens = new int[all.Length];
        state.Download(all, tokens);
        return tokens;
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
        Activations own = result(_own), other = result(_other);
        // A value near the middle between two of 16 bits may fall to the other one.
        double step = own is CudaFactors ? StepOf(_element) : 0;
        float[][] right = Rows(own, rows), theirs = Rows(other, rows);
        float largest = right.Max(row => row.Max(Math.Abs));
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < own.Columns; column++)
            {
                float a = right[row][column], b = theirs[row][column];
                // Also for NaN.
                if (!(Math.Abs(a - b) <= (Tolerance * largest) + (step * Math.Abs(a))))
                    throw Differs(kernel, $"row {row}, column {column} is {b:R} instead of {a:R}");
            }
        }
        if (own is CudaFactors)
            ((CudaFactors)other).Data.CopyFrom(((CudaFactors)own).Data.ToArray());
        else
            ((CudaActivations)other).Data.CopyFrom(((CudaActivations)own).Data.ToArray());
    }

    private static float[][] Rows(Activations activations, int rows)
    {
        float[][] values = [.. Enumerable.Range(0, rows).Select(_ => new float[activations.Columns])];
        for (int row = 0; row < rows; row++)
            activations.Download(row, values[row]);
        return values;
    }

    // From one number to the next, relative to it.
    private static double StepOf(Element element) => element == Element.F16 ? 1.0 / (1 << 10) : 1.0 / (1 << 7);

    private static InvalidInputException Differs(string kernel, string how) =>
        new($"kernel: {kernel}: the replacement computes something else than the engine's own on random inputs: {how}");
}

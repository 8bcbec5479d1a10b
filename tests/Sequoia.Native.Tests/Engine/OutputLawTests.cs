using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Engine;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Engine;

/// <summary>
/// End to end: the law of two-token continuations, with a tree and without, against the one that the target's logits define.
/// Seeds are fixed, so the outcome is too.
/// </summary>
public sealed unsafe class OutputLawTests
{
    private const int Vocabulary = 8, Samples = 15_000;
    private static readonly int[] Prompt = [1, 5, 3];

    [Test]
    public void Continuations_have_the_targets_law(
        [Values("none", "chain:3", "chains:2x2", "optimal:6", "star")] string policy, [Values("T=0.6", "T=1", "T=1 top-p 0.8", "T=0.8 top-k 3")] string kind)
    {
        SamplingOptions sampling = kind switch
        {
            "T=0.6" => new(0.6f),
            "T=1" => new(1),
            "T=1 top-p 0.8" => new(1, TopP: 0.8f),
            _ => new(0.8f, TopK: 3),
        };
        TokenTree tree = policy == "star" ? TokenTree.FromParents([-1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]) : TreePolicy.Parse(policy).Resolve(TestTrees.Acceptance);
        Assert.That(Fit(CpuKernels.Best, tree, sampling), Is.GreaterThan(1e-4));
    }

    [Test]
    public void The_methods_to_compare_with_have_the_targets_law(
        [Values(SpeculationMethod.SpecInfer, SpeculationMethod.TargetOnly)] SpeculationMethod method, [Values("chain:3", "chains:2x2", "optimal:6", "chains:8x1")] string policy,
        [Values(1f, 0.8f)] float topP) =>
        Assert.That(Fit(CpuKernels.Best, TreePolicy.Parse(policy).Resolve(TestTrees.Acceptance), new SamplingOptions(0.9f, topP), method: method), Is.GreaterThan(1e-4));

    [Test]
    public void Walking_with_the_root_alone_has_the_targets_law([Values] SpeculationMethod method) =>
        Assert.That(Fit(CpuKernels.Best, TokenTree.Chains(4, 1), new SamplingOptions(1), method: method, rootOnly: true), Is.GreaterThan(1e-4));

    [Test]
    public void A_wrong_residual_is_found_out([Values(SpeculationMethod.Sequoia, SpeculationMethod.SpecInfer)] SpeculationMethod method) =>
        Assert.That(Fit(new WrongKernels(), TokenTree.Chains(2, 2), new SamplingOptions(1), method: method), Is.LessThan(1e-9));

    [Test]
    public void Used_up_draft_mass_does_not_bend_the_law()
    {
        // Logits so far apart that most probabilities underflow to zero: later children are drawn uniformly.
        TokenTree tree = TokenTree.FromParents([-1, 0, 0, 0, 0, 0, 0, 1, 1]);
        Assert.That(Fit(CpuKernels.Best, tree, new SamplingOptions(1), draftSpread: 40), Is.GreaterThan(1e-4));
    }

    private static double Fit(
        CpuKernels kernels, TokenTree tree, SamplingOptions sampling, float draftSpread = 0.8f, SpeculationMethod method = SpeculationMethod.Sequoia, bool rootOnly = false)
    {
        using var folder = new TemporaryFolder();
        string targetPath = Path.Combine(folder.Path, "target"), draftPath = Path.Combine(folder.Path, "draft");
        RandomModel.Write(targetPath, new RandomModel.Shape(Vocabulary, Seed: 2, Spread: 0.8f));
        RandomModel.Write(draftPath, new RandomModel.Shape(Vocabulary, Layers: 1, Seed: 3, Spread: draftSpread));
        using var target = new TestModel(targetPath, kernels, threads: 1);
        using var draft = new TestModel(draftPath, kernels, threads: 1);
        if (draftSpread > 1)
            Assert.That(Next(draft, Prompt, new SamplingOptions(1)).Count(p => p > 1e-38), Is.LessThan(5), "six children use up the draft's mass");
        using var decoder = new Decoder(target.Llama, draft.Llama, tree, 16, method, rootOnly);
        int[] counts = new int[Vocabulary * Vocabulary];
        for (uint seed = 0; seed < Samples; seed++)
        {
            decoder.Start(Prompt, sampling, seed, default);
            int[] first = decoder.Step().ToArray();
            int second = first.Length > 1 ? first[1] : decoder.Step()[0];
            counts[(first[0] * Vocabulary) + second]++;
        }
        return ChiSquare.PValue(counts, Law(target, sampling));
    }

    private static double[] Law(TestModel target, SamplingOptions sampling)
    {
        double[] law = new double[Vocabulary * Vocabulary];
        double[] first = Next(target, Prompt, sampling);
        for (int a = 0; a < Vocabulary; a++)
        {
            double[] second = Next(target, [.. Prompt, a], sampling);
            for (int b = 0; b < Vocabulary; b++)
                law[(a * Vocabulary) + b] = first[a] * second[b];
        }
        return law;
    }

    /// <summary>The law of the next token, by sorting and in double: another way than the engine's.</summary>
    private static double[] Next(TestModel model, int[] tokens, SamplingOptions sampling)
    {
        using var decoder = new Decoder(model.Llama, null, TokenTree.Root, 16);
        decoder.Start(tokens, new SamplingOptions(0), 0, default);
        decoder.Step();
        float[] logits = new float[Vocabulary];
        decoder.DownloadLogits(0, 0, logits);
        double[] p = [.. logits.Select(l => Math.Exp((l - logits.Max()) / sampling.Temperature))];
        if (sampling.TopK > 0)
        {
            double last = p.OrderDescending().ElementAt(sampling.TopK - 1);
            p = [.. p.Select(v => v >= last ? v : 0)];
        }
        p = [.. p.Select(v => v / p.Sum())];
        double mass = 0;
        double border = p.OrderDescending().First(v => (mass += v) >= sampling.TopP - 1e-12);
        p = [.. p.Select(v => v >= border ? v : 0)];
        return [.. p.Select(v => v / p.Sum())];
    }

    /// <summary>The real kernels with one mistake: after a rejection the final token comes from P instead of the residual.</summary>
    private sealed class WrongKernels() : CpuKernels("wrong")
    {
        public override VocabularyKernels Vocabulary { get; } = new WrongResidual();

        public override void MatMul(TensorView weight, int firstRow, int lastRow, float* x, long xStride, float* y, long yStride, int tokens, bool add) =>
            Best.MatMul(weight, firstRow, lastRow, x, xStride, y, yStride, tokens, add);

        public override void RmsNorm(float* x, float* weight, float* y, int columns, float epsilon) => Best.RmsNorm(x, weight, y, columns, epsilon);

        public override void SiluMul(float* gate, float* up, float* hidden, int columns) => Best.SiluMul(gate, up, hidden, columns);

        public override void Rotate(float* source, int heads, int pairs, float* cos, float* sin, float* destination) =>
            Best.Rotate(source, heads, pairs, cos, sin, destination);

        public override int AttentionScratch(CpuKvPool pool, int positions) => Best.AttentionScratch(pool, positions);

        public override void Attend(float* queries, int heads, CpuKvPool pool, int* pages, int layer, int kvHead, int prefix, ReadOnlySpan<int> path, float* output, float* scratch) =>
            Best.Attend(queries, heads, pool, pages, layer, kvHead, prefix, path, output, scratch);
    }

    private sealed class WrongResidual : VocabularyKernels
    {
        private readonly VocabularyKernels _right = CpuKernels.Best.Vocabulary;

        public override float Scale(float* logits, float factor, float* scores, int vocabulary) => _right.Scale(logits, factor, scores, vocabulary);

        public override void Exp(float* x, float max, int padded) => _right.Exp(x, max, padded);

        public override void Multiply(float* x, float factor, int padded) => _right.Multiply(x, factor, padded);

        public override void ZeroBelow(float* x, float threshold, int padded) => _right.ZeroBelow(x, threshold, padded);

        public override int LargestNoisy(
            float* logits, float* q, LogScale scale, uint* random, int padded, Span<float> bestKeys, Span<int> bestTokens) =>
            _right.LargestNoisy(logits, q, scale, random, padded, bestKeys, bestTokens);

        public override int LargestNoise(float* q, uint* random, int vocabulary, Span<float> bestKeys, Span<int> bestTokens) =>
            _right.LargestNoise(q, random, vocabulary, bestKeys, bestTokens);

        public override int FirstArrival(float* weights, uint* random, int padded) => _right.FirstArrival(weights, random, padded);

        public override void Residual(float* p, float level, float* q, float* residual, int padded) => _right.Residual(p, 0, q, residual, padded);

        public override int Largest(float* keys, int count, Span<float> bestKeys, Span<int> bestTokens) => _right.Largest(keys, count, bestKeys, bestTokens);
    }
}

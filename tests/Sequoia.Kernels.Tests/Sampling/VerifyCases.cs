using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

internal static class VerifyCases
{
    /// <summary>Verifies a tree several times, each with random numbers of its own; the engine's draw_children makes the rows' scales.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="inputs">The tree.</param>
    /// <param name="times">How many times.</param>
    /// <param name="block">Threads.</param>
    /// <param name="twin">Whether by the twin.</param>
    /// <param name="shuffledChildren">A seed: the children are any distinct tokens, not those drawn.</param>
    /// <returns>How many nodes were accepted in all.</returns>
    public static int Check(CudaKernels kernels, VerifyInputs inputs, int times, int block = 256, bool twin = false, int? shuffledChildren = null)
    {
        if (shuffledChildren is { } seed)
        {
            inputs.Drafted.Draw();
            inputs.Drafted.ShuffleChildren(seed);
        }
        using VerifyTreeProblem problem = Problem(kernels, inputs, block);
        int accepted = 0;
        for (uint time = 0; time < times; time++)
        {
            problem.Begin(new RandomKey(inputs.Drafted.Random.Seed + 1, time));
            _ = twin ? ProblemCheck.Twin(problem) : ProblemCheck.Kernel(problem);
            accepted += problem.Outcome.Length;
        }
        return accepted;
    }

    public static VerifyTreeProblem Problem(CudaKernels kernels, VerifyInputs inputs, int block = 256) => new(kernels, inputs, block, TestGpu.Sound.Any);

    public static VerifyInputs Random(int seed, int? vocabulary = null, SpeculationMethod method = SpeculationMethod.Sequoia) =>
        VerifyInputs.OfSeed(seed, vocabulary, method);

    /// <summary>Few likely tokens in the draft and many children: its mass is used up, and the rest come uniformly.</summary>
    public static VerifyInputs UsedUp(int seed)
    {
        var random = new Random(seed);
        // By top-k, which the target then has as well, so its logits are flat to keep many tokens; or by logits of -infinity.
        bool byTopK = seed % 2 == 0;
        var options = new SamplingOptions(1, 1, byTopK ? random.Next(1, 5) : 0);
        var draft = new DraftedTree(TokenTree.Chains(16, 1), 20, options, new RandomKey((ulong)seed, 1), seed);
        var inputs = new VerifyInputs(draft, draft.Tree.Size, seed);
        HardRows.Fill(draft.Row(0), byTopK ? LogitKind.Usual : LogitKind.FewFinite, random);
        for (int node = 0; node < draft.Tree.Size; node++)
            HardRows.Fill(inputs.Target.Span(node), byTopK ? LogitKind.Flat : LogitKind.Usual, random);
        return inputs;
    }
}

using Sequoia.Native.Execution;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>Compares a walk on the device with the reference's.</summary>
internal static class VerifyCheck
{
    /// <param name="problem">Whose draft's logits are sound.</param>
    /// <param name="draw">draw_children, for the rows' scales.</param>
    /// <param name="walks">How many walks, each with random numbers of its own.</param>
    /// <param name="verify">Runs the kernel or its twin.</param>
    /// <param name="shuffledChildren">A seed: the children are any distinct tokens, not those drawn.</param>
    /// <returns>How many nodes all the walks accepted.</returns>
    public static int Run(VerifyProblem problem, KernelUnderTest draw, int walks, Action<DeviceVerify, RandomKey> verify, int? shuffledChildren = null)
    {
        _ = problem.Draft.Draw();
        if (shuffledChildren is { } seed)
            Shuffle(problem, new Random(seed));
        using var drawn = new DeviceDraw(problem.Draft);
        if (problem.Draft.Rows > 0)
            drawn.Run(draw);
        // The walk follows the reference's children, so that a fault of the draw's is not taken for one of the walk's.
        drawn.TokOfNode.CopyFrom(problem.Draft.State.Tokens);
        using var device = new DeviceVerify(problem, drawn);
        int accepted = 0;
        for (uint walk = 0; walk < walks; walk++)
        {
            var random = new RandomKey(problem.Draft.Random.Seed + 1, walk);
            Verdict? expected = problem.Verify(random);
            verify(device, random);
            Compare(problem, device, expected);
            accepted += device.Verdict.Length;
        }
        return accepted;
    }

    private static void Shuffle(VerifyProblem problem, Random random)
    {
        int[] vocabulary = [.. Enumerable.Range(0, problem.Draft.Vocabulary)];
        foreach (int node in problem.Draft.NodeOfRow)
        {
            random.Shuffle(vocabulary);
            vocabulary.AsSpan(0, problem.Tree.ChildCount(node)).CopyTo(problem.Draft.State.Tokens.AsSpan(problem.Tree.FirstChild(node)));
        }
    }

    private static void Compare(VerifyProblem problem, DeviceVerify device, Verdict? expected)
    {
        LogitDamage errors = expected is null ? LogitDamage.Target : LogitDamage.None;
        if (device.Errors != errors)
            throw new KernelFault($"errors {device.Errors}, expected {errors}");
        DeviceVerdict found = device.Verdict;
        if (expected is null)
        {
            if (!found.Equals(default(DeviceVerdict)))
                throw new KernelFault($"a verdict of {found.Length} nodes on damaged logits");
            return;
        }
        if (found.Token != expected.Token || found.Ahead != expected.Ahead || !device.Path.AsSpan().SequenceEqual(expected.Path))
            throw new KernelFault($"path {string.Join(' ', device.Path)}, token {found.Token}, ahead {found.Ahead}; expected {string.Join(' ', expected.Path.ToArray())}, {expected.Token}, {expected.Ahead}");
        int kept = found.Length - (problem.Tree.ChildCount(expected.Path[^1]) == 0 ? 1 : 0);
        if (found.Kept != kept || !device.Tokens.AsSpan().SequenceEqual(expected.Tokens))
            throw new KernelFault($"tokens {string.Join(' ', device.Tokens)}, {found.Kept} kept; expected {string.Join(' ', expected.Tokens.ToArray())}, {kept}");
    }
}

using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>Compares draws on the device with the reference's: children, the distribution they came from, and what is refused.</summary>
internal static unsafe class DrawCheck
{
    public static void Run(DrawProblem problem, Action<DeviceDraw> draw)
    {
        HashSet<int> damaged = problem.Draw();
        using var device = new DeviceDraw(problem);
        draw(device);
        Compare(problem, device, damaged);
    }

    public static void Compare(DrawProblem problem, DeviceDraw device, HashSet<int> damaged)
    {
        LogitDamage errors = damaged.Count > 0 ? LogitDamage.Draft : LogitDamage.None;
        if (device.Errors != errors)
            throw new KernelFault($"errors {device.Errors}, expected {errors}");
        int[] tokens = device.TokOfNode.ToArray();
        for (int row = 0; row < problem.Rows; row++)
        {
            int node = problem.NodeOfRow[row], first = problem.Tree.FirstChild(node), count = problem.Tree.ChildCount(node);
            Span<int> children = tokens.AsSpan(first, count), expected = problem.State.Tokens.AsSpan(first, count);
            if (damaged.Contains(row))
                expected.Clear();
            if (!children.SequenceEqual(expected))
                throw new KernelFault($"row {row}: children {string.Join(' ', children.ToArray())}, expected {string.Join(' ', expected.ToArray())}");
            if (!problem.Options.Greedy && problem.State.Method != SpeculationMethod.TargetOnly && !damaged.Contains(row))
                CompareLaw(problem, row, device.Scale.ToArray()[row]);
        }
    }

    private static void CompareLaw(DrawProblem problem, int row, RowScale scale)
    {
        Span<float> logits = problem.Logits.Row(row);
        float* expected = problem.State.DraftRow(problem.NodeOfRow[row]);
        for (int token = 0; token < logits.Length; token++)
        {
            float q = RowLaw.Probability(logits[token], scale);
            if (BitConverter.SingleToUInt32Bits(q) != BitConverter.SingleToUInt32Bits(expected[token]))
                throw new KernelFault($"row {row}: q({token}) = {q:R}, expected {expected[token]:R}");
        }
    }
}

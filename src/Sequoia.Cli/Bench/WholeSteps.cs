using System.Diagnostics;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Cli.Bench;

/// <summary>Times whole steps of the loop, one token at a time and with a tree, behind a prompt that the models compute.</summary>
internal static class WholeSteps
{
    // These record the graphs of a step, for a draft that lags and for one that does not.
    private const int WarmUps = 4;

    public static IReadOnlyList<StepReport> Measure(Llama target, Llama draft, TokenTree tree, int context, int repeats, CancellationToken cancellation)
    {
        TokenTree[] trees = tree.Size == 1 ? [tree] : [TokenTree.Root, tree];
        return [.. trees.Select(one => Of(target, draft, one, context, repeats, cancellation))];
    }

    private static StepReport Of(Llama target, Llama draft, TokenTree tree, int context, int repeats, CancellationToken cancellation)
    {
        int vocabulary = target.Config.VocabularySize, most = Math.Min(target.Config.MaxPositions, draft.Config.MaxPositions);
        using var decoder = new Decoder(target, draft, tree, Math.Min(most, context + ((WarmUps + repeats) * tree.Levels)));
        decoder.Start([.. Enumerable.Range(0, context).Select(i => (3 + (i * 37)) % vocabulary)], new SamplingOptions(0.6f), 1, cancellation);
        var seconds = new List<double>();
        int tokens = 0;
        for (int step = -WarmUps; step < repeats && decoder.Sequences[0].HasRoom; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            int committed = decoder.Step(cancellation).Length;
            if (step < 0)
                continue;
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            tokens += committed;
        }
        return new StepReport(tree, context, TimeSpread.Of([.. seconds]), (double)tokens / seconds.Count);
    }
}

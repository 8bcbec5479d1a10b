using Sequoia.Native.Engine;

namespace Sequoia.Native;

/// <summary>
/// Measures t(n) and the draft's costs (Sequoia, section 3.3) with the engine's own passes on the device that the models are loaded
/// on. Passes of all sizes alternate, so that a slow period of the machine affects all of them alike. Each pass is timed right after the pass that
/// precedes it in a real step, since the state of the caches is a large part of its cost.
/// </summary>
internal static class HardwareMeter
{
    /// <summary>Measures a pair. Runs for a few seconds on all of the models' threads.</summary>
    /// <param name="target">The large model.</param>
    /// <param name="draft">The small model.</param>
    /// <param name="options">What to measure; everything by default.</param>
    /// <param name="progress">Receives the completed share.</param>
    /// <param name="cancellationToken">Stops after the current pass.</param>
    /// <exception cref="InvalidInputException">Sizes or contexts do not ascend, or are out of range.</exception>
    /// <exception cref="OperationCanceledException">The measurement was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">A model was disposed before the measurement began.</exception>
    public static HardwareCosts Measure(
        LanguageModel target, LanguageModel draft, HardwareMeterOptions? options = null,
        IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(draft);
        options ??= new HardwareMeterOptions();
        if (options.Clock is null && !(target.HasTimes && draft.HasTimes))
            throw new InvalidInputException($"device: {target.Device}: has no times to measure; use cpu or cuda") { Parameter = "device" };
        TimeProvider clock = options.Clock ?? TimeProvider.System;
        CheckAscending(options.Sizes, 1, TokenTree.MaxSize, "size");
        int longest = Math.Min(target.ContextLength, draft.ContextLength);
        // Otherwise a tiny model would have no context at all.
        int[] contexts = [.. options.Contexts ?? [.. new[] { Math.Min(64, longest / 2), 256, 1024 }.Where((context, i) => i == 0 || context < longest)]];
        CheckAscending(contexts, 1, longest - 1, "context");
        var costs = new List<ContextCosts>();
        double verify = 0;
        using ModelLease large = target.Lease(), small = draft.Lease();
        for (int i = 0; i < contexts.Length; i++)
        {
            using var passes = new PairPasses(large.Llama, small.Llama, contexts[i], options.Sizes);
            costs.Add(MeasureAt(passes, contexts[i], options, clock, share => progress?.Report((i + share) / contexts.Length), cancellationToken, out verify));
        }
        return new HardwareCosts(HardwareKey.Of(target, draft), clock.GetUtcNow(), verify, costs);
    }

    private static ContextCosts MeasureAt(
        PairPasses passes, int context, HardwareMeterOptions options, TimeProvider clock, Action<double> report, CancellationToken cancellation, out double verify)
    {
        int sizes = options.Sizes.Count;
        List<double>[] target = Lists(sizes), draft = Lists(sizes);
        List<double> root = [], verifying = [];
        double[] once = new double[sizes];
        var trend = new Trend(options.WorthFor, passes.LeastSeconds(context));
        long start = 0;
        // The first round records every pass where the device replays recordings, warms up code, caches and clocks, and is discarded.
        for (int round = 0; round <= HardwareMeterOptions.MostRepeats; round++)
        {
            TimeSpan spent = start == 0 ? TimeSpan.Zero : clock.GetElapsedTime(start);
            if (round > HardwareMeterOptions.FewestRepeats && spent > options.Budget)
                break;
            report(Math.Min(1, Math.Max(spent / options.Budget, (double)round / (HardwareMeterOptions.MostRepeats + 1))));
            // One token at a time: after other such passes, without a draft in between. After the larger passes, a model that just fits a cache
            // needs several of them to be cached again.
            for (int warm = 0; warm < 4; warm++)
                passes.Check(0);
            Add(target[0], TimeCheck(0), round);
            Add(verifying, Time(passes.Verify), round);
            for (int i = 0; i < sizes; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                // What disturbs short passes is little to long ones, and repeating those would take minutes: their first time counts.
                if (round > 0 && once[i] > HardwareMeterOptions.LongPass)
                    continue;
                Add(root, Time(() => passes.DraftLevel(0)), round);
                if (options.Sizes[i] <= HardwareMeterOptions.MostLevelRows)
                    Add(draft[i], Time(() => passes.DraftLevel(i)), round);
                double seconds = TimeCheck(i);
                if (i > 0)
                    Add(target[i], seconds, once[i] > HardwareMeterOptions.LongPass ? 1 : round);
                if (round == 0 && passes.IsStreamed && !trend.Goes(options.Sizes[i], seconds))
                    sizes = i + 1;
            }
            if (round == 0)
            {
                passes.RequireNumbers();
                start = clock.GetTimestamp();
            }
            else if (round == 1)
            {
                sizes = WorthMeasuring(options, target, sizes, passes.LeastSeconds(context));
            }
        }
        report(1);
        verify = Point(1, verifying).Median;
        return new ContextCosts(context, Curve(options.Sizes, target, sizes), Point(1, root), Curve(options.Sizes, draft, sizes));

        double TimeCheck(int size)
        {
            once[size] = Time(() => passes.Check(size));
            return once[size] + (passes.LayersLeft == 0 ? 0 : passes.LayersLeft * Time(() => passes.CheckLayers(size)));
        }

        double Time(Action pass)
        {
            long begin = clock.GetTimestamp();
            pass();
            return clock.GetElapsedTime(begin).TotalSeconds;
        }
    }

    private static int WorthMeasuring(HardwareMeterOptions options, List<double>[] target, int count, double least)
    {
        var trend = new Trend(options.WorthFor, least);
        for (int i = 0; i < count; i++)
        {
            if (!trend.Goes(options.Sizes[i], target[i][0]))
                return i + 1;
        }
        return count;
    }

    /// <summary>Whether larger trees may still gain.</summary>
    /// <param name="acceptance">The pair's acceptance; null measures all sizes.</param>
    /// <param name="least">Seconds that a step takes at least, because weights are read.</param>
    private sealed class Trend(AcceptanceVector? acceptance, double least)
    {
        // Of the best gain: below it, larger trees no longer gain.
        private const double Share = 0.75;

        private double _most;

        public bool Goes(int size, double seconds)
        {
            if (acceptance is null)
                return true;
            double gain = OptimalTree.ExpectedTokens(OptimalTree.Build(acceptance, size), acceptance) / Math.Max(least, seconds);
            _most = Math.Max(_most, gain);
            return gain >= Share * _most;
        }
    }

    private static List<double>[] Lists(int count) => [.. Enumerable.Range(0, count).Select(_ => new List<double>())];

    private static void Add(List<double> seconds, double value, int round)
    {
        if (round > 0)
            seconds.Add(value);
    }

    private static CostCurve Curve(IReadOnlyList<int> sizes, List<double>[] seconds, int count) =>
        new([.. sizes.Take(count).Where((_, i) => seconds[i].Count > 0).Select((size, i) => Point(size, seconds[i]))]);

    private static CostPoint Point(int rows, List<double> seconds)
    {
        seconds.Sort();
        return new CostPoint(rows, seconds[seconds.Count / 2], seconds[0], seconds[^1]);
    }

    private static void CheckAscending(IReadOnlyList<int> values, int least, int most, string what)
    {
        for (int i = 0; i < values.Count; i++)
        {
            if (values[i] < least || values[i] > most || (i > 0 && values[i] <= values[i - 1]))
                throw new InvalidInputException($"measuring hardware: {what} {values[i]}: must be in {least}..{most} and above the one before it");
        }
        if (values.Count == 0)
            throw new InvalidInputException($"measuring hardware: there is no {what}");
    }
}

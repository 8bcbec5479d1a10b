using Sequoia.Cli.Kernels;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;

namespace Sequoia.Cli.Bench;

/// <summary>What to measure.</summary>
/// <param name="Sizes">Rows of passes, ascending.</param>
/// <param name="Contexts">Tokens of prefixes, ascending.</param>
/// <param name="Repeats">Times of each piece.</param>
/// <param name="Soak">Passes whose results must not differ; 0 for none.</param>
/// <param name="Assumed">The GPU to predict times for, or null.</param>
/// <param name="Acceptance">The pair's acceptance, or null.</param>
internal sealed record BenchSettings(int[] Sizes, int[] Contexts, int Repeats, int Soak, GpuModel? Assumed, AcceptanceVector? Acceptance);

/// <summary>Runs the whole benchmark on loaded models.</summary>
internal sealed class BenchRun(BenchedModel target, BenchedModel? draft, BenchSettings settings, int threads, Action<double> report, CancellationToken cancellation)
{
    // Each rank is accepted half as often as the one before: trees as bushy as usual ones.
    private static readonly AcceptanceVector s_halving = new([.. Enumerable.Range(1, 16).Select(rank => Math.ScaleB(1, -rank))]);

    private readonly Backend _backend = target.Llama.Backend;
    private string _about = "";
    private double _done;

    /// <summary>The work to report on: one for each pass, and one for the soak and the steps.</summary>
    public static double Amount(BenchSettings settings, bool hasDraft) =>
        ((hasDraft ? 2 : 1) * settings.Sizes.Length * settings.Contexts.Length) + (settings.Soak > 0 ? 1 : 0) + (hasDraft ? 1 : 0);

    public BenchReport Run()
    {
        BenchCeilings? ceilings = Ceilings();
        ModelReport targets = Measure(target);
        ModelReport? drafts = draft is null ? null : Measure(draft);
        var result = new BenchReport(_backend.Name, _about, ceilings, settings.Assumed, targets, drafts);
        if (draft is not null && settings.Acceptance is { } acceptance && BenchCosts.Of(result) is { } costs)
            result = result with { Plans = [.. settings.Contexts.Select(context => AutoTree.Choose(acceptance, costs, context, _backend.MostTreeLevels))] };
        if (settings.Soak > 0)
        {
            result = result with { Soak = Soak.Run(target, TreeOf(settings.Sizes[^1]), settings.Contexts[^1], settings.Soak, cancellation) };
            report(++_done);
        }
        if (draft is not null && _backend.HasTimes)
        {
            TokenTree tree = result.Plans.Count > 0 ? result.Plans[0].Tree : TreeOf(settings.Sizes[^1]);
            result = result with { Steps = WholeSteps.Measure(target.Llama, draft.Llama, tree, settings.Contexts[0], settings.Repeats, cancellation) };
        }
        return result;
    }

    /// <summary>The tree of a pass: the best one of its size.</summary>
    private TokenTree TreeOf(int size)
    {
        int levels = Math.Min(_backend.MostTreeLevels, size);
        TokenTree tree = OptimalTree.Build(settings.Acceptance ?? s_halving, size, levels);
        // A vector of few ranks cannot fill every size.
        return tree.Size == size ? tree : OptimalTree.Build(s_halving, size, levels);
    }

    private BenchCeilings? Ceilings()
    {
        if (!_backend.HasTimes)
            return null;
        if (_backend is CudaBackend cuda)
        {
            var ceilings = new Ceilings(cuda.Context, KernelSource.Compiler());
            return new BenchCeilings(ceilings.ReadRate(), Kernels.Ceilings.HasMma(cuda.Context.Device) ? ceilings.MmaRate() : null);
        }
        return new BenchCeilings(MachineLimits.ReadBandwidth(threads), MachineLimits.PeakFlops(threads));
    }

    private ModelReport Measure(BenchedModel model)
    {
        var passes = new List<PassReport>();
        foreach (int context in settings.Contexts)
        {
            using var prepared = new PreparedPasses(model, context, settings.Sizes[^1]);
            WorkMeter meter = WorkMeter.For(_backend, prepared.Queue, settings.Repeats);
            _about = meter.About;
            foreach (int size in settings.Sizes)
            {
                passes.Add(Measure(prepared, meter, context, TreeOf(size)));
                report(++_done);
            }
        }
        return new ModelReport(model.Name, model.Layers, model.Llama.Layers.Count, passes);
    }

    private PassReport Measure(PreparedPasses prepared, WorkMeter meter, int context, TokenTree tree)
    {
        TimeSpread? whole = null;
        if (_backend.HasTimes)
            whole = meter.Measure(prepared.Whole(tree)).Times;
        var pieces = new List<PieceReport>();
        foreach (PieceOfWork piece in prepared.Pieces(tree))
        {
            cancellation.ThrowIfCancellationRequested();
            WorkFigure figure = meter.Measure(piece.Work, piece.MostRuns, piece.Before);
            LaunchCounts? counts = figure.Times is null ? LaunchCounts.Of(figure.Launches, piece.Share) : null;
            PredictedTime? predicted = figure.Times is null ? settings.Assumed?.Predict(figure.Launches, piece.Share) : null;
            pieces.Add(new PieceReport(piece.Name, piece.IsOfPass, piece.Cost, figure.Times, counts, predicted));
        }
        return new PassReport(context, tree.Size, tree.Levels, whole, pieces);
    }
}

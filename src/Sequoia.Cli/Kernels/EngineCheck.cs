using Sequoia.Cli.Devices;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>
/// Runs the engine's kernels and their twins on random problems, and compares them with the references. On the software device it runs under all
/// checks, in one schedule after the other. A kernel's first failure ends its run, but not the runs of the others.
/// </summary>
internal sealed class EngineCheck : IDisposable
{
    // A minute under checks: more than any problem needs, and a limit for kernels that do not end.
    private const long InstructionBudget = 1_000_000_000;

    private const int SeedsOfSchedule = 8;

    private readonly NamedDevice _device;
    private readonly CudaCompiler _compiler;
    private CudaContext _context;
    private KernelProblems _problems;
    private bool _isLost;

    public EngineCheck(NamedDevice device, CudaCompiler compiler)
    {
        (_device, _compiler) = (device, compiler);
        (_context, _problems) = Open();
    }

    private bool IsSoftware => !_device.Device.Driver.IsNative;

    /// <summary>Whether the device can run a kernel. The software device becomes one that can.</summary>
    public bool CanRun(string name)
    {
        if (IsSoftware && _context.Device.ComputeCapability != KernelProblems.SoftwareCapability(name))
        {
            SoftwareDriver.ComputeCapability = KernelProblems.SoftwareCapability(name);
            Dispose();
            (_context, _problems) = Open();
        }
        return _problems.CanRun(name);
    }

    /// <summary>Checks one kernel.</summary>
    /// <param name="name">The kernel.</param>
    /// <param name="cases">The number of problems.</param>
    /// <param name="seed">The seed of the first problem; the others use the seeds that follow.</param>
    /// <param name="report">Called after each problem.</param>
    /// <param name="cancellation">Stops between two problems.</param>
    public EngineOutcome Run(string name, int cases, int seed, Action report, CancellationToken cancellation)
    {
        var outcome = new EngineOutcome(name);
        for (int i = 0; i < cases && outcome.Failure is null; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Run(outcome, seed + i);
            report();
        }
        return outcome;
    }

    /// <summary>Checks one kernel on problems of typical sizes, without its twin, which would take seconds for each.</summary>
    /// <param name="name">The kernel.</param>
    /// <param name="replays">How often each problem is repeated from a graph; all must give the same bits.</param>
    /// <param name="cancellation">Stops between two problems.</param>
    public EngineOutcome RunTypical(string name, int replays, CancellationToken cancellation)
    {
        var outcome = new EngineOutcome(name);
        foreach (KernelProblem problem in _problems.Large(name, fullSize: !IsSoftware))
        {
            using (problem)
            {
                cancellation.ThrowIfCancellationRequested();
                outcome.Begin(problem, hasTwin: false);
                LaunchOptions options = Options(outcome.Cases, outcome.Cases);
                while (Passes(problem, outcome, null, options, isTwin: false) && problem.Advance())
                {
                }
                if (outcome.Failure is null)
                    Repeat(problem, outcome, replays);
            }
            if (outcome.Failure is not null)
                break;
        }
        Reopen();
        return outcome;
    }

    public void Dispose()
    {
        _problems.Dispose();
        _context.Dispose();
    }

    private void Run(EngineOutcome outcome, int seed)
    {
        // Consecutive seeds differ in kinds and temperatures, so that all combinations occur.
        LaunchOptions options = Options(seed, seed / SeedsOfSchedule);
        using (KernelProblem problem = _problems.Random(outcome.Kernel, seed))
        {
            outcome.Begin(problem, problem.HasTwin);
            do
            {
                if (Passes(problem, outcome, seed, options, isTwin: false) && problem.HasTwin)
                {
                    problem.Reset();
                    Passes(problem, outcome, seed, options, isTwin: true);
                }
            }
            while (outcome.Failure is null && problem.Advance());
        }
        Reopen();
    }

    /// <summary>How the software device runs from now on.</summary>
    private LaunchOptions Options(int seed, int schedule)
    {
        LaunchOptions options = new()
        {
            Checks = true,
            Schedule = (Schedule)(schedule % Enum.GetValues<Schedule>().Length),
            Seed = (ulong)seed,
            InstructionBudget = InstructionBudget,
        };
        if (IsSoftware)
            SoftwareDriver.Options = options;
        return options;
    }

    /// <summary>A race shows as different bits, sooner or later; on the software device in another schedule.</summary>
    private void Repeat(KernelProblem problem, EngineOutcome outcome, int replays)
    {
        string? failure = null;
        try
        {
            if (problem.FirstDifferentReplay(_context, replays, number => Options(number, number)) is var (replay, where))
                failure = $"replay {replay + 1} of {replays} gave other bits than the first, {where}";
        }
        catch (CudaException e)
        {
            (failure, _isLost) = (e.Message, true);
        }
        if (failure is not null)
            outcome.Failure = new EngineFailure(problem.Shape, null, OfTwin: false, [failure]);
    }

    private void Reopen()
    {
        if (!_isLost)
            return;
        Dispose();
        (_context, _problems) = Open();
    }

    private bool Passes(KernelProblem problem, EngineOutcome outcome, int? seed, LaunchOptions options, bool isTwin)
    {
        var findings = new List<string>();
        void Keep(LaunchReport report) => findings.AddRange(report.Findings.Select(finding => $"{finding} [{CheckResult.Name(options)}]"));
        SoftwareDriver.Launched += Keep;
        try
        {
            if (isTwin)
                problem.LaunchTwin();
            else
                problem.Launch();
            _context.Synchronize();
            if (findings.Count == 0)
                outcome.Add(problem.Compare(), isTwin);
        }
        catch (CudaException e)
        {
            if (findings.Count == 0)
                findings.Add(IsSoftware && SoftwareDriver.LatestFailure is { } why ? $"{why} [{CheckResult.Name(options)}]" : e.Message);
            // A fault invalidates the context.
            _isLost = true;
        }
        finally
        {
            SoftwareDriver.Launched -= Keep;
        }
        if (findings.Count == 0 && outcome.Latest.IsWithinRounding)
            return true;
        outcome.Failure = new EngineFailure(problem.Shape, seed, isTwin, findings.Count > 0 ? findings : [outcome.Latest.Where]);
        return false;
    }

    private (CudaContext Context, KernelProblems Problems) Open()
    {
        _isLost = false;
        CudaContext context = IsSoftware ? SoftwareDriver.Open() : CudaContext.Create(_device.Device);
        return (context, new KernelProblems(context, _compiler));
    }
}

using Sequoia.Native;

namespace Sequoia.Cli.Bench;

/// <summary>The measured or predicted passes as the costs from which <see cref="AutoTree"/> chooses a tree.</summary>
internal static class BenchCosts
{
    /// <summary>Null if there are no times, or no draft.</summary>
    public static HardwareCosts? Of(BenchReport report)
    {
        if (report.Draft is not { } draft || report.Target.Passes.Any(pass => pass.Seconds is null))
            return null;
        PassReport last = report.Target.Passes[^1];
        double verify = last.SecondsOf("verify")!.Value / last.Levels;
        IEnumerable<ContextCosts> contexts = report.Target.Passes.GroupBy(pass => pass.Context).Select(group =>
        {
            PassReport[] drafts = [.. draft.Passes.Where(pass => pass.Context == group.Key)];
            return new ContextCosts(group.Key, new CostCurve([.. group.Select(pass => Point(pass, 0))]), Level(drafts[0]), new CostCurve([.. drafts.Select(Level)]));
        });
        return new HardwareCosts(new HardwareKey("", report.Device, report.Target.Name, draft.Name), DateTimeOffset.UtcNow, verify, [.. contexts]);
    }

    /// <summary>A draft's pass over a level and drawing a child for each of its nodes.</summary>
    private static CostPoint Level(PassReport pass) => Point(pass, pass.SecondsOf("draw")!.Value);

    private static CostPoint Point(PassReport pass, double more)
    {
        double seconds = pass.Seconds!.Value;
        return new CostPoint(pass.Rows, seconds + more, (pass.Times?.Low ?? seconds) + more, (pass.Times?.High ?? seconds) + more);
    }
}

namespace Sequoia.Native.Tests.Planning;

/// <summary>Costs that nobody measured: in these units a target pass over one token takes 1.</summary>
internal static class SomeCosts
{
    public static readonly HardwareKey Key = new("processor", "device", "target", "draft");

    public static readonly int[] Sizes = [1, 2, 4, 8, 16, 32];

    public static CostCurve Curve(Func<int, double> seconds) => new([.. Sizes.Select(n => new CostPoint(n, seconds(n), seconds(n), seconds(n)))]);

    public static CostPoint Point(double seconds) => new(1, seconds, seconds, seconds);

    public static HardwareCosts Of(Func<int, double> target, Func<int, double> draft, double verify = 1e-9) =>
        new(Key, DateTimeOffset.UtcNow, verify, [new ContextCosts(128, Curve(target), Point(draft(1)), Curve(draft))]);
}

namespace Sequoia.Native.Tests.Planning;

internal sealed class HardwareMeterTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    [Test]
    public void Every_pass_at_every_context_takes_some_time()
    {
        using LanguageModel model = LanguageModel.Load(TestModel.Stories260K);
        var options = new HardwareMeterOptions { Sizes = [1, 2, 5, 64], Contexts = [8, 300], Budget = Short };
        var shares = new List<double>();
        HardwareCosts costs = HardwareMeter.Measure(model, model, options, new Collector(shares));
        Assert.That(costs.Contexts.Select(c => c.Context), Is.EqualTo(new[] { 8, 300 }));
        foreach (CostCurve curve in costs.Contexts.SelectMany(c => new[] { c.Target, c.Draft }))
        {
            Assert.That(curve.Points.Select(p => p.Rows), Is.EqualTo(options.Sizes));
            Assert.That(curve.Points, Has.All.Matches<CostPoint>(p => p.Fastest > 0 && p.Fastest <= p.Median && p.Median <= p.Slowest));
        }
        // 64 times the arithmetic: even the fastest pass of the one is slower than that of the other.
        Assert.That(costs.Contexts[0].Target.Points[3].Fastest, Is.GreaterThan(costs.Contexts[0].Target.Points[0].Fastest));
        Assert.That(costs.VerifySeconds, Is.Positive);
        Assert.That(costs.MostRows, Is.EqualTo(64));
        Assert.That(shares, Is.Ordered);
        Assert.That(shares[^1], Is.EqualTo(1));
    }

    [Test]
    public void Sizes_at_which_no_tree_gains_are_left_out()
    {
        using LanguageModel model = LanguageModel.Load(TestModel.Stories260K);
        // Hardly anything is accepted, so that 512 nodes give no more than one, in many times the time.
        var options = new HardwareMeterOptions { Sizes = [1, 512, 513], Contexts = [8], Budget = Short, WorthFor = new AcceptanceVector([0.01]) };
        Assert.That(HardwareMeter.Measure(model, model, options).MostRows, Is.EqualTo(512));
    }

    [Test]
    public void Sizes_and_contexts_out_of_range_are_refused()
    {
        using LanguageModel model = LanguageModel.Load(TestModel.Stories260K);
        Assert.That(() => HardwareMeter.Measure(model, model, new HardwareMeterOptions { Sizes = [] }), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => HardwareMeter.Measure(model, model, new HardwareMeterOptions { Sizes = [2, 1] }), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => HardwareMeter.Measure(model, model, new HardwareMeterOptions { Sizes = [0, 1] }), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => HardwareMeter.Measure(model, model, new HardwareMeterOptions { Contexts = [512] }), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => HardwareMeter.Measure(model, model, cancellationToken: new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }

    private sealed class Collector(List<double> shares) : IProgress<double>
    {
        public void Report(double value) => shares.Add(value);
    }
}

using Sequoia.SoftwareGpu.Driver;

namespace Sequoia.SoftwareGpu.Tests.Driver;

public sealed class SettingsTests
{
    [TestCase("schedule=in-order", Schedule.InOrder, StreamOrder.AsQueued, 0ul)]
    [TestCase("schedule=random", Schedule.Random, StreamOrder.AsQueued, 1ul)]
    [TestCase("schedule=adversarial:7,streams=early-copies", Schedule.Adversarial, StreamOrder.EarlyCopies, 7ul)]
    [TestCase("streams=late-copies,schedule=random:3", Schedule.Random, StreamOrder.LateCopies, 3ul)]
    [TestCase("streams=random:9", Schedule.InOrder, StreamOrder.Random, 9ul)]
    [TestCase("streams=random", Schedule.InOrder, StreamOrder.Random, 1ul)]
    [TestCase("streams=as-queued", Schedule.InOrder, StreamOrder.AsQueued, 0ul)]
    public void Orders_are_read_with_their_seed(string text, Schedule schedule, StreamOrder order, ulong seed)
    {
        LaunchOptions options = Settings.Parse(text);
        Assert.That((options.Schedule, options.StreamOrder, options.Seed), Is.EqualTo((schedule, order, seed)));
    }

    [TestCase("streams")]
    [TestCase("streams=late")]
    [TestCase("streams=early-copies:3")]
    [TestCase("streams=random:x")]
    [TestCase("schedule=in-order:1")]
    [TestCase("schedule=random:-1")]
    public void Others_are_refused(string text) => Assert.That(() => Settings.Parse(text), Throws.TypeOf<DriverError>().With.Message.Contains(text));
}

using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Native.Tests.Streaming;

internal sealed class MemoryBudgetTests
{
    [TestCase("8GB", 8_000_000_000L)]
    [TestCase("8 gb", 8_000_000_000L)]
    [TestCase("0.5G", 500_000_000L)]
    [TestCase("7GiB", 7L << 30)]
    [TestCase("512MB", 512_000_000L)]
    [TestCase("1.5TB", 1_500_000_000_000L)]
    [TestCase("64k", 64_000L)]
    public void Sizes_are_read(string text, long bytes) => Assert.That(MemoryBudget.Parse(text), Is.EqualTo(bytes));

    [TestCase("")]
    [TestCase("GB")]
    [TestCase("-1GB")]
    [TestCase("8 GB please")]
    [TestCase("8.GB")]
    [TestCase("1e9")]
    [TestCase("0GB")]
    [TestCase("8")]
    [TestCase("12B")]
    [TestCase("99999999999999TB")]
    [TestCase("8,5GB")]
    public void Other_texts_are_not(string text) => Assert.That(MemoryBudget.Parse(text), Is.Null);

    [Test]
    public void What_is_free_is_less_than_the_machine_has()
    {
        long all = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        Assert.That(MemoryBudget.Free(), Is.GreaterThan(0).And.LessThan(all));
        Assert.That(MemoryBudget.Held(), Is.GreaterThan(64 << 20).And.LessThan(all));
    }
}

namespace Sequoia.Native.Tests.Planning;

internal sealed class HardwareCacheTests
{
    private TemporaryFolder _folder = null!;
    private ListLogger _log = null!;
    private HardwareCache _cache = null!;
    private HardwareKey _key = SomeCosts.Key;

    [SetUp]
    public void Begin()
    {
        _folder = new TemporaryFolder();
        _log = new ListLogger();
        _cache = new HardwareCache(_folder.Path, _log);
        _key = SomeCosts.Key with { Device = TestContext.CurrentContext.Test.FullName };
    }

    [TearDown]
    public void End() => _folder.Dispose();

    [Test]
    public void What_is_kept_is_found_again()
    {
        Assert.That(_cache.Find(_key), Is.Null);
        HardwareCosts costs = Keep(DateTimeOffset.UtcNow);
        HardwareCosts found = _cache.Find(_key)!;
        Assert.That(found.Key, Is.EqualTo(costs.Key));
        Assert.That(found.Date, Is.EqualTo(costs.Date).Within(TimeSpan.FromMilliseconds(1)));
        Assert.That(found.VerifySeconds, Is.EqualTo(costs.VerifySeconds));
        Assert.That(found.Contexts[0].Context, Is.EqualTo(128));
        Assert.That(found.Contexts[0].Target.Points, Is.EqualTo(costs.Contexts[0].Target.Points));
        Assert.That(found.Contexts[0].Draft.Points, Is.EqualTo(costs.Contexts[0].Draft.Points));
        Assert.That(_log.Messages, Is.Empty);
    }

    [Test]
    public void What_is_old_is_ignored()
    {
        Keep(DateTimeOffset.UtcNow - HardwareCache.Lifetime - TimeSpan.FromHours(1));
        AssertIgnored("more than 30 days old");
    }

    [TestCase("")]
    [TestCase("{}")]
    [TestCase("[1]")]
    [TestCase("not JSON")]
    [TestCase("\"format\":1,")]
    [TestCase("\"format\":2")]
    [TestCase("\"format\":\"1\"")]
    [TestCase("\"median\":-1")]
    [TestCase("\"rows\":1.5")]
    [TestCase("\"date\":\"yesterday\"")]
    public void What_is_damaged_is_ignored(string damage)
    {
        Keep(DateTimeOffset.UtcNow);
        string file = _cache.FileOf(_key), text = File.ReadAllText(file).Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
        string key = damage.Contains(':', StringComparison.Ordinal) ? damage[..(damage.IndexOf(':', StringComparison.Ordinal) + 1)] : "";
        string changed = damage == "\"format\":1," ? text.Replace(damage, "", StringComparison.Ordinal)
            : key.Length > 0 ? System.Text.RegularExpressions.Regex.Replace(text, System.Text.RegularExpressions.Regex.Escape(key) + "(\"[^\"]*\"|[^,}]*)", damage)
            : damage;
        Assert.That(changed, Is.Not.EqualTo(text));
        File.WriteAllText(file, changed);
        AssertIgnored("it is damaged");
    }

    [Test]
    public void What_is_of_another_pair_is_ignored()
    {
        Keep(DateTimeOffset.UtcNow);
        File.WriteAllText(_cache.FileOf(_key), File.ReadAllText(_cache.FileOf(_key)).Replace("\"target\"", "\"other\"", StringComparison.Ordinal).Replace("\"other\":", "\"target\":", StringComparison.Ordinal));
        AssertIgnored("of another pair");
    }

    [Test]
    public void What_cannot_be_written_is_kept_in_memory()
    {
        HardwareCosts costs = Keep(DateTimeOffset.UtcNow);
        File.Delete(_cache.FileOf(_key));
        Directory.CreateDirectory(_cache.FileOf(_key));
        _cache.Keep(costs);
        Assert.That(_log.Messages.ToList(), Has.Count.EqualTo(1).And.One.Contains("other processes will measure again"));
        Assert.That(new HardwareCache(_folder.Path, _log).Find(_key), Is.SameAs(costs), "one process decides once");
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(_cache.FileOf(_key))!, "*.tmp"), Is.Empty);
    }

    private HardwareCosts Keep(DateTimeOffset date)
    {
        HardwareCosts some = SomeCosts.Of(n => 0.1 * n, n => 0.01 * n);
        var costs = new HardwareCosts(_key, date, 0.002, some.Contexts);
        _cache.Keep(costs);
        return costs;
    }

    private void AssertIgnored(string why)
    {
        Assert.That(_cache.Find(_key), Is.Null);
        Assert.That(_log.Messages.ToList(), Has.Count.EqualTo(1).And.One.Contains(why).And.One.Contains(_cache.FileOf(_key)));
    }
}

using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Sequoia.Native.Tests.Planning;

/// <summary>Who measures hardware for `auto`, and when: nobody in a constructor, CreateAsync once.</summary>
internal sealed class TreeDecisionTests
{
    private TemporaryFolder _cache = null!;
    private ListLogger _log = null!;
    private LanguageModel _target = null!, _draft = null!;

    private string[] Kept => Directory.GetFiles(_cache.Path, "*", SearchOption.AllDirectories);

    private static TokenTree Unmeasured => TreePolicy.Auto.ResolveFor(Folder("draft"));

    private static string Folder(string model) => Path.Combine(Repository.Root, "models", model);

    [SetUp]
    public void Begin()
    {
        _cache = new TemporaryFolder();
        _log = new ListLogger();
        var options = new LoadOptions { CacheFolder = _cache.Path, Logger = _log };
        (_target, _draft) = (LanguageModel.Load(Folder("target"), options), LanguageModel.Load(Folder("draft"), options));
    }

    [TearDown]
    public void End()
    {
        _target.Dispose();
        _draft.Dispose();
        _cache.Dispose();
    }

    [Test]
    public async Task A_constructor_neither_measures_nor_writes()
    {
        TextGenerator? made = null;
        TimeSpan spent = ThreadTime.Of(() => made = new TextGenerator(_target, _draft));
        using TextGenerator generator = made!;
        Assert.That((generator.Plan, Draw(generator.Tree)), Is.EqualTo(((TreePlan?)null, Draw(Unmeasured))));
        Assert.That(await Tokens(generator), Is.EqualTo(20));
        Assert.That(Kept, Is.Empty);
        // Measuring takes at least the budget of 2 seconds.
        Assert.That(spent, Is.LessThan(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public async Task Creating_measures_once_and_constructors_use_what_is_kept()
    {
        var shares = new List<double>();
        using TextGenerator first = await TextGenerator.CreateAsync(_target, _draft, progress: new Reports(shares.Add));
        Assert.That(shares, Is.Ordered.And.Not.Empty);
        Assert.That(_log.Messages.Skip(2), Has.Exactly(2).Items.And.One.Contains("Measuring once").And.One.Contains($"Chose a tree of {first.Tree.Size} nodes"));
        Assert.That(Kept, Has.Length.EqualTo(1));
        Assert.That(Draw(first.Tree), Is.EqualTo(Draw(first.Plan!.Tree)));
        Assert.That((first.Plan.Context, first.Plan.Costs.MostRows), Is.EqualTo((AutoTree.UsualContext(_target, _draft), first.Plan.Costs.MostRows)));

        shares.Clear();
        using TextGenerator second = await TextGenerator.CreateAsync(_target, _draft, progress: new Reports(shares.Add));
        long start = Stopwatch.GetTimestamp();
        using var third = new TextGenerator(_target, _draft, TreePolicy.Auto);
        TestContext.Out.WriteLine($"a constructor that finds costs takes {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F1} ms");
        Assert.That((shares.Count, _log.Messages.Count(message => message.StartsWith("Measuring", StringComparison.Ordinal)), Kept.Length), Is.EqualTo((0, 1, 1)));
        Assert.That(new[] { Draw(second.Tree), Draw(third.Tree) }, Is.All.EqualTo(Draw(first.Tree)));
        Assert.That(third.Plan!.Speedup, Is.EqualTo(first.Plan.Speedup).Within(1e-9));
    }

    [Test]
    public async Task A_folder_that_cannot_be_written_to_is_measured_for_once()
    {
        // A file where the folder should be: also root cannot write there.
        string file = _cache.Write("file", "");
        using LanguageModel target = LanguageModel.Load(Folder("target"), new LoadOptions { CacheFolder = file, Logger = _log });
        using TextGenerator first = await TextGenerator.CreateAsync(target, _draft), second = await TextGenerator.CreateAsync(target, _draft);
        using var third = new TextGenerator(target, _draft);
        Assert.That(_log.Messages.Count(message => message.StartsWith("Measuring", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(_log.Entries, Has.One.Matches<(LogLevel Level, string Message)>(entry => entry.Level == LogLevel.Warning && entry.Message.Contains("cannot be written", StringComparison.Ordinal)));
        Assert.That(new[] { first.Plan, second.Plan, third.Plan }, Has.All.Property(nameof(TreePlan.Speedup)).EqualTo(first.Plan!.Speedup));
    }

    [Test]
    public void Cancelling_leaves_nothing_behind()
    {
        using var cancellation = new CancellationTokenSource();
        Assert.That(
            async () => await TextGenerator.CreateAsync(_target, _draft, progress: new Reports(_ => cancellation.Cancel()), cancellationToken: cancellation.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await TextGenerator.CreateAsync(_target, _draft, cancellationToken: cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Kept, Is.Empty);
    }

    [Test]
    public void Models_may_be_disposed_of_during_the_measurement() => Assert.That(
        async () => await TextGenerator.CreateAsync(_target, _draft, progress: new Reports(_ => _target.Dispose())),
        Throws.TypeOf<ObjectDisposedException>().With.Property("ObjectName").EqualTo(nameof(LanguageModel)));

    [Test]
    public async Task Only_auto_is_measured_and_bad_pairs_are_refused_before()
    {
        using TextGenerator chain = await TextGenerator.CreateAsync(_target, _draft, TreePolicy.Chain(3));
        using TextGenerator plain = await TextGenerator.CreateAsync(_target);
        Assert.That((chain.Tree.Size, plain.Tree.Size, _log.Entries.Count), Is.EqualTo((4, 1, 2)));
        using LanguageModel elsewhere = LanguageModel.Load(Folder("draft"), new LoadOptions { Threads = 7 });
        Assert.That(async () => await TextGenerator.CreateAsync(_target, elsewhere), Throws.TypeOf<InvalidInputException>().With.Message.Contains("one device"));
        Assert.That(async () => await TextGenerator.CreateAsync(_target, null, TreePolicy.Auto), Throws.TypeOf<InvalidInputException>());
        Assert.That(async () => await TextGenerator.CreateAsync(null!), Throws.ArgumentNullException);
        Assert.That(Kept, Is.Empty);
    }

    private static string Draw(TokenTree tree) => tree.Draw();

    private static async Task<int> Tokens(TextGenerator generator)
    {
        int tokens = 0;
        await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", new GenerationOptions { MaxTokens = 20, IgnoreEos = true }))
            tokens += chunk.Tokens.Count;
        return tokens;
    }

    private sealed class Reports(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}

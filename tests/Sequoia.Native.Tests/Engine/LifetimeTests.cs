using System.Runtime.CompilerServices;

namespace Sequoia.Native.Tests.Engine;

/// <summary>Who may dispose of what and when: always, and whatever comes after is a text that ends or a typed error.</summary>
internal sealed class LifetimeTests
{
    private static readonly GenerationOptions Long = new() { MaxTokens = 60, IgnoreEos = true, Seed = 3 };
    // It only ends what hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly int[][] Orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

    private TemporaryFolder _folder = null!;

    private string Target => Path.Combine(_folder.Path, "target");

    private string Draft => Path.Combine(_folder.Path, "draft");

    private static string Bundled(string model) => Path.Combine(Repository.Root, "models", model);

    [OneTimeSetUp]
    public void WriteModels()
    {
        _folder = new TemporaryFolder();
        foreach ((string folder, int seed) in (ReadOnlySpan<(string, int)>)[(Target, 1), (Draft, 2)])
        {
            RandomModel.Write(folder, new RandomModel.Shape(Vocabulary: 512, Context: 8192, Seed: seed));
            File.Copy(Path.Combine(TestModel.Stories260K, "tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
        }
    }

    [OneTimeTearDown]
    public void RemoveModels() => _folder.Dispose();

    /// <summary>Everything is disposed of at some chunk of a text, in every order, from the loop that reads it and from another thread.</summary>
    [TestCase(false, 1000)]
    [TestCase(true, 60)]
    public async Task A_storm_of_disposals_ends_texts_and_nothing_else(bool bundled, int rounds)
    {
        for (int round = 0; round < rounds; round++)
        {
            int[] order = Orders[round % Orders.Length];
            int at = round / Orders.Length % 12;
            bool fromLoop = round / 2 % 2 == 0;
            LanguageModel target = LanguageModel.Load(bundled ? Bundled("target") : Target), draft = LanguageModel.Load(bundled ? Bundled("draft") : Draft);
            var generator = new TextGenerator(target, draft, TreePolicy.Chains(2, 2));
            IDisposable[] all = [generator, target, draft];
            Task disposal = Task.CompletedTask;
            GenerationStats? stats = null;
            int chunks = 0, tokens = 0;
            await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", Long with { MaxTokens = 1000 }))
            {
                (stats, tokens) = (chunk.Stats ?? stats, tokens + chunk.Tokens.Count);
                if (chunks++ != at)
                    continue;
                if (fromLoop)
                    Array.ForEach(order, i => all[i].Dispose());
                else
                    disposal = Task.Run(() => Array.ForEach(order, i => all[i].Dispose()));
            }
            await disposal;
            Assert.That((stats!.TokenCount, stats.Device), Is.EqualTo((tokens, target.Device)), $"round {round}");
            Assert.That(stats.FinishReason, Is.EqualTo(FinishReason.Cancelled).Or.EqualTo(FinishReason.Length), "the text may have ended before");
            Assert.That(() => generator.GenerateAsync("Once"), Throws.TypeOf<ObjectDisposedException>().With.Property("ObjectName").EqualTo(nameof(TextGenerator)));
            Assert.That(() => new TextGenerator(target), Throws.TypeOf<ObjectDisposedException>().With.Property("ObjectName").EqualTo(nameof(LanguageModel)));
            Assert.That(MappingsOf(target) + MappingsOf(draft), Is.Zero, $"round {round}: the memory goes with the last of them");
        }
    }

    [Test]
    public async Task Models_may_be_disposed_of_while_a_generator_uses_them()
    {
        string alone;
        using (LanguageModel model = LanguageModel.Load(Target))
        using (var generator = new TextGenerator(model, model, TreePolicy.Chain(2)))
            alone = await Text(generator);
        LanguageModel target = LanguageModel.Load(Target), draft = LanguageModel.Load(Target);
        var orphan = new TextGenerator(target, draft, TreePolicy.Chain(2));
        draft.Dispose();
        target.Dispose();
        Assert.That(await Text(orphan), Is.EqualTo(alone));
        Assert.That(MappingsOf(target), Is.EqualTo(2));
        orphan.Dispose();
        Assert.That(MappingsOf(target), Is.Zero);
    }

    [Test]
    public void A_model_that_was_disposed_of_takes_no_new_users_and_still_describes_itself()
    {
        using LanguageModel model = LanguageModel.Load(Target);
        LanguageModel gone = LanguageModel.Load(Target);
        Parallel.For(0, 8, _ => gone.Dispose());
        Assert.That(() => new TextGenerator(gone), ModelIsGone);
        Assert.That(() => new TextGenerator(model, gone, TreePolicy.Chain(1)), ModelIsGone);
        Assert.That(() => AcceptanceMeter.Measure(model, gone, ["Once"]), ModelIsGone);
        Assert.That(() => HardwareMeter.Measure(gone, model), ModelIsGone);
        Assert.That((gone.Folder, gone.ContextLength, gone.Device), Is.EqualTo((Target, model.ContextLength, model.Device)));
        Assert.That(gone.Tokenizer.Decode(gone.Tokenizer.Encode("Once")), Is.EqualTo("Once"));
    }

    [Test]
    public async Task A_generator_that_refuses_its_models_holds_none_of_them()
    {
        LanguageModel target = LanguageModel.Load(Target, new LoadOptions { Threads = 1 }), draft = LanguageModel.Load(Draft, new LoadOptions { Threads = 2 });
        Assert.That(() => new TextGenerator(target, draft, TreePolicy.Chain(1)), Throws.TypeOf<InvalidInputException>().With.Message.Contains("load both on one device"));
        Assert.That(() => new TextGenerator(target, target, TreePolicy.Chains(600, 1)), Throws.TypeOf<InvalidInputException>());
        // Unused, and so not held.
        using var plain = new TextGenerator(target, target, TreePolicy.None);
        draft.Dispose();
        Assert.That(MappingsOf(draft), Is.Zero);
        target.Dispose();
        Assert.That(MappingsOf(target), Is.EqualTo(1));
        await plain.DisposeAsync();
        Assert.That(MappingsOf(target), Is.Zero);
    }

    [Test]
    public async Task Disposing_of_a_generator_cancels_the_text_at_work_and_refuses_those_that_wait()
    {
        using LanguageModel model = LanguageModel.Load(Target);
        var generator = new TextGenerator(model, model, TreePolicy.Chain(1));
        await using IAsyncEnumerator<GenerationChunk> running = generator.GenerateAsync("Once", Long with { MaxTokens = 100_000 }).GetAsyncEnumerator();
        Assert.That(await running.MoveNextAsync());
        Task<string> waiting = Text(generator);
        IAsyncEnumerable<GenerationChunk> notBegun = generator.GenerateAsync("Once");
        await generator.DisposeAsync();
        generator.Dispose();
        GenerationStats? stats = running.Current.Stats;
        while (await running.MoveNextAsync())
            stats = running.Current.Stats;
        Assert.That(stats!.FinishReason, Is.EqualTo(FinishReason.Cancelled));
        Assert.That(async () => await waiting, GeneratorIsGone);
        Assert.That(async () => await notBegun.GetAsyncEnumerator().MoveNextAsync(), GeneratorIsGone);
        Assert.That(() => generator.GenerateAsync("Once"), GeneratorIsGone);
    }

    [Test]
    public async Task A_text_may_be_generated_from_inside_the_loop_that_reads_another()
    {
        using LanguageModel model = LanguageModel.Load(Target);
        using var generator = new TextGenerator(model, model, TreePolicy.Chain(2));
        string alone = await Text(generator), outer = "", inner = "";
        await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", Long))
        {
            outer += chunk.Text;
            if (inner.Length == 0)
                inner = await Text(generator).WaitAsync(Patience);
        }
        Assert.That((outer, inner), Is.EqualTo((alone, alone)));
    }

    [Test]
    public async Task A_reader_that_never_comes_back_holds_nobody_up()
    {
        using LanguageModel model = LanguageModel.Load(Target);
        using var generator = new TextGenerator(model, model, TreePolicy.Chain(2));
        string alone = await Text(generator);
        for (int i = 0; i < 3; i++)
            Assert.That(await generator.GenerateAsync("Once", Long).GetAsyncEnumerator().MoveNextAsync());
        Assert.That(await Text(generator).WaitAsync(Patience), Is.EqualTo(alone));
    }

    [Test]
    public void One_folder_may_be_loaded_many_times_at_once()
    {
        var texts = new string[6];
        Parallel.For(0, texts.Length, i =>
        {
            using LanguageModel target = LanguageModel.Load(Target), draft = LanguageModel.Load(Target);
            using var generator = new TextGenerator(target, draft, TreePolicy.Chain(2));
            texts[i] = Text(generator).GetAwaiter().GetResult();
        });
        Assert.That(texts, Is.All.EqualTo(texts[0]));
    }

    [Test]
    public void Ids_that_no_token_has_give_no_text()
    {
        using LanguageModel model = LanguageModel.Load(Target);
        Assert.That(model.Tokenizer.Decode([-1, int.MinValue, 512, int.MaxValue]), Is.Empty);
        Assert.That(model.Tokenizer.CreateDecoder([-1, 512]).Append(int.MaxValue), Is.Empty);
    }

    [Test]
    public async Task Loading_reports_its_progress_and_can_be_cancelled_at_every_tensor()
    {
        var shares = new List<double>();
        using (LanguageModel model = await LanguageModel.LoadAsync(Target, progress: new Reports(shares.Add)))
            Assert.That(model.ParameterCount, Is.Positive);
        Assert.That(shares, Is.Ordered.And.All.InRange(0, 1));
        Assert.That(shares[^1], Is.EqualTo(1));
        // The embedding, two layers of nine and the last norm; the head is the embedding.
        Assert.That(shares, Has.Count.EqualTo(20));
        for (int at = 0; at < shares.Count; at++)
        {
            using var cancellation = new CancellationTokenSource();
            int reports = 0;
            var cancel = new Reports(_ =>
            {
                if (reports++ == at)
                    cancellation.Cancel();
            });
            if (at < shares.Count - 1)
                Assert.That(async () => await LanguageModel.LoadAsync(Target, progress: cancel, cancellationToken: cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
            else
                (await LanguageModel.LoadAsync(Target, progress: cancel, cancellationToken: cancellation.Token)).Dispose();
            Assert.That(reports, Is.EqualTo(at + 1));
            Assert.That(MappingsOf(Target), Is.Zero);
        }
        Assert.That(async () => await LanguageModel.LoadAsync("nowhere"), Throws.TypeOf<ModelFileException>());
    }

    /// <summary>50 pairs leave neither a mapping nor memory, whether they were disposed of or forgotten.</summary>
    [Test]
    public void Memory_stays_level([Values] bool disposed)
    {
        const int Warm = 10, Cycles = 50;
        // Its worker threads, which it shares with the pairs, live on and must not keep what they have worked on.
        using LanguageModel other = LanguageModel.Load(Target);
        long before = 0;
        for (int cycle = 0; cycle < Warm + Cycles; cycle++)
        {
            if (cycle == Warm)
                before = ResidentAfterCollection();
            UsePair(disposed, cycle);
        }
        long grown = ResidentAfterCollection() - before;
        TestContext.Out.WriteLine($"{(disposed ? "disposed of" : "forgotten")}: {grown / 1e6:F1} MB more after {Cycles} pairs");
        // One pair has 26 MB of weights and caches.
        Assert.That(grown, Is.LessThan(40_000_000));
    }

    // A frame of its own, which refers to nothing once it has returned.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void UsePair(bool disposed, int cycle) => UsePairAsync(disposed, cycle).GetAwaiter().GetResult();

    private static async Task UsePairAsync(bool disposed, int cycle)
    {
        LanguageModel target = LanguageModel.Load(Bundled("target")), draft = LanguageModel.Load(Bundled("draft"));
        var generator = new TextGenerator(target, draft, TreePolicy.Chain(2));
        IAsyncEnumerator<GenerationChunk> text = generator.GenerateAsync("Once", Long with { MaxTokens = 20 }).GetAsyncEnumerator();
        // Some readers leave in the middle.
        for (int chunk = 0; (disposed || cycle % 2 == 0 || chunk < 2) && await text.MoveNextAsync(); chunk++)
        {
        }
        if (!disposed)
            return;
        await text.DisposeAsync();
        await generator.DisposeAsync();
        target.Dispose();
        draft.Dispose();
    }

    private static long ResidentAfterCollection()
    {
        // Texts whose readers have left may still be at work; what a finalizer lets go of is found by the next collection.
        Assert.That(MappingsAfterCollection, Is.Zero.After((int)Patience.TotalMilliseconds, 10), "weights that nobody uses");
        string line = File.ReadAllLines("/proc/self/status").Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);

        static int MappingsAfterCollection()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return File.ReadAllLines("/proc/self/maps").Count(mapped => mapped.Contains(Repository.Root + "/models/", StringComparison.Ordinal));
        }
    }

    private static NUnit.Framework.Constraints.IResolveConstraint ModelIsGone =>
        Throws.TypeOf<ObjectDisposedException>().With.Property("ObjectName").EqualTo(nameof(LanguageModel));

    private static NUnit.Framework.Constraints.IResolveConstraint GeneratorIsGone =>
        Throws.TypeOf<ObjectDisposedException>().With.Property("ObjectName").EqualTo(nameof(TextGenerator));

    private static int MappingsOf(LanguageModel model) => MappingsOf(model.Folder);

    private static int MappingsOf(string folder) =>
        File.ReadAllLines("/proc/self/maps").Count(line => line.EndsWith(Path.Combine(folder, "model.safetensors"), StringComparison.Ordinal));

    private static async Task<string> Text(TextGenerator generator)
    {
        string text = "";
        await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", Long))
            text += chunk.Text;
        return text;
    }

    private sealed class Reports(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}

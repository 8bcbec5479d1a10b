using System.Text;

namespace Sequoia.Native.Tests.Engine;

/// <summary>The public API: what users give, what they get, and what is refused.</summary>
public sealed class TextGeneratorTests
{
    private static readonly GenerationOptions Short = new() { MaxTokens = 40, Seed = 5 };

    [Test]
    public async Task Chunks_join_to_the_text_and_the_last_one_carries_the_stats([Values("none", "chain:3", "optimal:8")] string tree)
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, Policy(tree));
        (string text, List<int> tokens, GenerationStats stats) = await Run(generator, "Once upon a time", Short);
        Assert.That(text, Is.EqualTo(model.Tokenizer.Decode([.. stats.PromptTokens, .. tokens])[model.Tokenizer.Decode([.. stats.PromptTokens]).Length..]));
        Assert.That(text, Does.StartWith(" ").Or.StartWith(","), "the text continues the prompt, so its leading space stays");
        Assert.That(stats.PromptTokens[0], Is.EqualTo(model.BosId));
        Assert.That((stats.TokenCount, stats.FinishReason, stats.Seed), Is.EqualTo((40, FinishReason.Length, 5ul)));
        Assert.That(tokens, Has.Count.EqualTo(40));
        Assert.That(stats.Steps, tree == "none" ? Is.EqualTo(40) : Is.LessThan(40));
    }

    [Test]
    public async Task The_same_seed_gives_the_same_text_and_another_another([Values("none", "chains:2x3")] string tree)
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, Policy(tree));
        string first = (await Run(generator, "The dog", Short)).Text, second = (await Run(generator, "The dog", Short)).Text;
        Assert.That(second, Is.EqualTo(first));
        Assert.That((await Run(generator, "The dog", Short with { Seed = 6 })).Text, Is.Not.EqualTo(first));
        using LanguageModel again = LanguageModel.Load(TestModel.Stories260K, new LoadOptions { Threads = 1 });
        using var oneThread = new TextGenerator(again, again, Policy(tree));
        Assert.That((await Run(oneThread, "The dog", Short)).Text, Is.EqualTo(first));
    }

    [Test]
    public async Task Generation_ends_with_the_context([Values("none", "chain:5")] string tree)
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, Policy(tree));
        (_, List<int> tokens, GenerationStats stats) = await Run(generator, "", new GenerationOptions { Temperature = 0, MaxTokens = 100_000, IgnoreEos = true });
        Assert.That((tokens.Count, stats.FinishReason), Is.EqualTo((model.ContextLength - 1, FinishReason.Length)));
    }

    [Test]
    public async Task A_stop_token_ends_the_text_unless_ignored()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(TestModel.Stories260K))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        // The tenth greedy token becomes the stop token.
        int stop;
        using (LanguageModel plain = Load())
        using (var generator = new TextGenerator(plain))
            stop = (await Run(generator, "", new GenerationOptions { Temperature = 0, MaxTokens = 10 })).Tokens[^1];
        File.Delete(Path.Combine(folder.Path, "generation_config.json"));
        folder.Write("generation_config.json", $$"""{"eos_token_id": [{{stop}}, 2]}""");
        using LanguageModel model = LanguageModel.Load(folder.Path);
        using var stopping = new TextGenerator(model, model, TreePolicy.Chain(4));
        (_, List<int> tokens, GenerationStats stats) = await Run(stopping, "", new GenerationOptions { Temperature = 0, MaxTokens = 50 });
        Assert.That((tokens[^1], tokens.IndexOf(stop), stats.FinishReason), Is.EqualTo((stop, tokens.Count - 1, FinishReason.Stop)));
        Assert.That((await Run(stopping, "", new GenerationOptions { Temperature = 0, MaxTokens = 50, IgnoreEos = true })).Tokens, Has.Count.EqualTo(50));
    }

    [Test]
    public async Task Stop_strings_cut_the_text_where_a_search_would([Values("none", "chains:2x3")] string tree)
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, Policy(tree));
        (string whole, List<int> tokens, _) = await Run(generator, "Once", Short);
        var random = new Random(1);
        for (int i = 0; i < 20; i++)
        {
            int from = random.Next(whole.Length - 8);
            string stop = whole.Substring(from, random.Next(1, 8));
            (string text, List<int> until, GenerationStats stats) = await Run(generator, "Once", Short with { StopStrings = [stop, "no such text"] });
            Assert.That((text, stats.FinishReason, stats.StopString), Is.EqualTo((whole[..whole.IndexOf(stop, StringComparison.Ordinal)], FinishReason.Stop, stop)));
            Assert.That(until, Is.EqualTo(tokens[..until.Count]), "up to the token that completed it");
            int prompt = model.Tokenizer.Decode([.. stats.PromptTokens]).Length;
            string Decoded(int count) => model.Tokenizer.Decode([.. stats.PromptTokens, .. tokens[..count]])[prompt..];
            Assert.That((Decoded(until.Count).Contains(stop, StringComparison.Ordinal), Decoded(until.Count - 1).Contains(stop, StringComparison.Ordinal)), Is.EqualTo((true, false)));
            Assert.That(stats.TokenCount, Is.EqualTo(until.Count));
        }
        (string all, _, GenerationStats last) = await Run(generator, "Once", Short with { StopStrings = [whole[^3..] + "?"] });
        Assert.That((all, last.FinishReason, last.StopString), Is.EqualTo((whole, FinishReason.Length, (string?)null)), "what was held back comes in the end");
    }

    [Test]
    public async Task Stop_tokens_end_the_text_also_where_the_models_own_are_ignored()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, TreePolicy.Chain(4));
        GenerationOptions greedy = new() { Temperature = 0, MaxTokens = 30, IgnoreEos = true };
        List<int> tokens = (await Run(generator, "Once", greedy)).Tokens;
        (string text, List<int> until, GenerationStats stats) = await Run(generator, "Once", greedy with { StopTokens = [tokens[12], 511] });
        int end = tokens.IndexOf(tokens[12]) + 1;
        Assert.That(until, Is.EqualTo(tokens[..end]));
        Assert.That((stats.FinishReason, stats.StopString), Is.EqualTo((FinishReason.Stop, (string?)null)));
        Assert.That(model.Tokenizer.Decode([.. stats.PromptTokens, .. tokens[..(end - 1)]]), Does.EndWith(text), "the token that ended the text is no part of it");
    }

    [Test]
    public async Task A_prompt_of_tokens_is_taken_as_it_is()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, TreePolicy.Chain(2));
        GenerationResult text = await generator.GenerateTextAsync("Once", Short);
        GenerationResult tokens = await generator.GenerateTextAsync((int[])[model.BosId!.Value, .. model.Tokenizer.Encode("Once")], Short);
        Assert.That((tokens.Text, tokens.Stats.PromptTokens), Is.EqualTo((text.Text, text.Stats.PromptTokens)));
        Assert.That(text.Text, Is.EqualTo((await Run(generator, "Once", Short)).Text));
        Assert.That((await generator.GenerateTextAsync(model.Tokenizer.Encode("Once"), Short)).Stats.PromptTokens, Is.EqualTo(model.Tokenizer.Encode("Once")), "no BOS is put before it");
        Assert.That((await generator.GenerateTextAsync("<s>Once", Short)).Stats.PromptTokens, Has.Exactly(1).EqualTo(model.BosId), "a BOS in the text is not doubled");
    }

    [Test]
    public async Task A_traced_chunk_says_what_its_step_did([Values("none", "chains:3x2")] string tree)
    {
        using LanguageModel target = LanguageModel.Load(Path.Combine(Repository.Root, "models", "target")), draft = LanguageModel.Load(Path.Combine(Repository.Root, "models", "draft"));
        using var generator = new TextGenerator(target, draft, Policy(tree));
        int root = -1, accepted = 0;
        await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", Short with { Trace = true }))
        {
            if (chunk.Stats is not null)
            {
                Assert.That(chunk.Step, Is.Null);
                break;
            }
            GenerationStep step = chunk.Step!;
            Assert.That(step.Parents, Is.EqualTo(generator.Tree.Parents.ToArray()));
            Assert.That(step.Tokens, Has.Count.EqualTo(generator.Tree.Size));
            Assert.That(step.Tokens[0], Is.EqualTo(root < 0 ? target.Tokenizer.Encode("Once")[^1] : root));
            Assert.That(step.Path[0], Is.Zero);
            for (int i = 1; i < step.Path.Count; i++)
                Assert.That(step.Parents[step.Path[i]], Is.EqualTo(step.Path[i - 1]));
            int[] path = [.. step.Path.Skip(1).Select(node => step.Tokens[node])];
            Assert.That(chunk.Tokens.Take(path.Length), Is.EqualTo(path.Take(chunk.Tokens.Count)));
            Assert.That(step.Tokens.Skip(1).Zip(step.Parents.Skip(1)), Is.Unique, "a node's children differ");
            accepted += path.Length;
            root = chunk.Tokens[^1];
        }
        Assert.That(accepted, tree == "none" ? Is.Zero : Is.Positive);
    }

    [Test]
    public async Task Tokens_that_were_cut_off_are_counted()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, TreePolicy.Chain(4));
        (_, _, GenerationStats stats) = await Run(generator, "Once", new GenerationOptions { Temperature = 0, MaxTokens = 12, IgnoreEos = true });
        Assert.That((stats.Steps, stats.TokenCount, stats.CutOff), Is.EqualTo((3, 12, 3)), "a draft that is the target: five tokens a step");
    }

    [Test]
    public async Task Greedy_text_does_not_depend_on_the_method([Values] SpeculationMethod method)
    {
        using LanguageModel target = LanguageModel.Load(Path.Combine(Repository.Root, "models", "target")), draft = LanguageModel.Load(Path.Combine(Repository.Root, "models", "draft"));
        using var plain = new TextGenerator(target);
        using var generator = new TextGenerator(target, draft, TreePolicy.Chains(3, 2), method);
        var greedy = new GenerationOptions { Temperature = 0, MaxTokens = 60 };
        Assert.That((await Run(generator, "The dog", greedy)).Tokens, Is.EqualTo((await Run(plain, "The dog", greedy)).Tokens));
    }

    [Test]
    public async Task A_method_of_its_own_draws_its_own_text()
    {
        using LanguageModel model = Load();
        List<string> texts = [];
        foreach (SpeculationMethod method in Enum.GetValues<SpeculationMethod>())
        {
            using var generator = new TextGenerator(model, model, TreePolicy.Chains(2, 3), method);
            texts.Add((await Run(generator, "The dog", Short)).Text);
        }
        Assert.That(texts, Is.Unique);
    }

    [Test]
    public async Task Cancelling_ends_within_a_step_and_keeps_what_there_is()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model);
        using var cancellation = new CancellationTokenSource();
        GenerationStats? stats = null;
        int tokens = 0;
        await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", new GenerationOptions { MaxTokens = 400, IgnoreEos = true }, cancellation.Token))
        {
            tokens += chunk.Tokens.Count;
            await cancellation.CancelAsync();
            stats = chunk.Stats ?? stats;
        }
        Assert.That((stats!.FinishReason, stats.TokenCount), Is.EqualTo((FinishReason.Cancelled, tokens)));
        Assert.That(tokens, Is.LessThan(400));
    }

    [Test]
    public async Task A_caller_that_stops_listening_leaves_the_generator_usable()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model);
        await foreach (GenerationChunk _ in generator.GenerateAsync("Once", Short))
            break;
        Assert.That((await Run(generator, "Once", Short)).Tokens, Has.Count.EqualTo(40));
    }

    [Test]
    public async Task Concurrent_calls_are_queued()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model, model, TreePolicy.Chain(2));
        string alone = (await Run(generator, "A cat", Short)).Text;
        (string Text, List<int>, GenerationStats)[] together = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Run(generator, "A cat", Short))));
        Assert.That(together.Select(t => t.Text), Is.All.EqualTo(alone));
    }

    [Test]
    public async Task Two_generators_can_share_a_model_at_the_same_time()
    {
        using LanguageModel model = Load();
        using var one = new TextGenerator(model, model, TreePolicy.Chain(2));
        using var two = new TextGenerator(model);
        string[] alone = [(await Run(one, "A cat", Short)).Text, (await Run(two, "A cat", Short)).Text];
        var together = await Task.WhenAll(Task.Run(() => Run(one, "A cat", Short)), Task.Run(() => Run(two, "A cat", Short)));
        Assert.That(together.Select(t => t.Text), Is.EqualTo(alone));
    }

    [Test]
    public void Options_out_of_range_are_refused_by_name()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model);
        foreach ((GenerationOptions options, string name) in (ReadOnlySpan<(GenerationOptions, string)>)[
            (new() { Temperature = float.NaN }, "Temperature"), (new() { Temperature = -1 }, "Temperature"), (new() { Temperature = float.PositiveInfinity }, "Temperature"),
            (new() { Temperature = 1e-6f }, "Temperature"), (new() { TopP = 0 }, "TopP"), (new() { TopP = 1.5f }, "TopP"), (new() { TopP = float.NaN }, "TopP"),
            (new() { TopK = -1 }, "TopK"), (new() { MaxTokens = 0 }, "MaxTokens"), (new() { StopStrings = [""] }, "StopStrings"), (new() { StopStrings = ["a\ud800"] }, "StopStrings"),
            (new() { StopStrings = null! }, "StopStrings"), (new() { StopTokens = [-1] }, "StopTokens"), (new() { StopTokens = [512] }, "StopTokens")])
            Assert.That(() => generator.GenerateAsync("x", options), Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo(name));
        foreach (int[] prompt in (int[][])[[], [-1], [1, 512]])
            Assert.That(() => generator.GenerateAsync(prompt), Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo("prompt"));
        Assert.That(() => LanguageModel.Load(TestModel.Stories260K, new LoadOptions { Device = null! }), Throws.ArgumentNullException);
        Assert.That(() => new TextGenerator(model, method: (SpeculationMethod)9), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => LanguageModel.Load(TestModel.Stories260K, new LoadOptions { Threads = 0 }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.StartsWith("Threads"));
    }

    [Test]
    public void A_prompt_longer_than_the_context_is_refused_before_any_work()
    {
        using LanguageModel model = Load();
        using var generator = new TextGenerator(model);
        var prompt = new StringBuilder().Insert(0, "word ", 600).ToString();
        var error = Assert.Throws<ContextLengthExceededException>(() => generator.GenerateAsync(prompt))!;
        Assert.That(error.Available, Is.EqualTo(512));
        Assert.That(error.Needed, Is.GreaterThan(512));
    }

    [Test]
    public void A_draft_with_another_vocabulary_and_a_tree_without_a_draft_are_refused()
    {
        using LanguageModel model = Load();
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, new RandomModel.Shape(Vocabulary: 8192));
        File.Copy(SharedData.Path("tokenizers", "tinystories8192", "tokenizer.model"), Path.Combine(folder.Path, "tokenizer.model"));
        using LanguageModel other = LanguageModel.Load(folder.Path);
        Assert.That(() => new TextGenerator(model, other, TreePolicy.Chain(2)), Throws.TypeOf<InvalidInputException>().With.Message.Contains("another vocabulary").And.Property("Parameter").EqualTo("draft"));
        Assert.That(() => new TextGenerator(model, model, TreePolicy.Chains(600, 1)), Throws.TypeOf<InvalidInputException>().With.Message.Contains("600 children"));
        Assert.That(() => new TextGenerator(model, null, TreePolicy.Chain(2)), Throws.TypeOf<InvalidInputException>().With.Message.Contains("needs a draft").And.Property("Parameter").EqualTo("tree"));
        Assert.That(() => new TextGenerator(model, model, TreePolicy.Optimal(8)), Throws.TypeOf<InvalidInputException>().With.Message.Contains("acceptance.json").And.Property("Parameter").EqualTo("acceptance"));
    }

    [Test]
    public async Task Decoding_allocates_nothing_a_step([Values("none", "chain:3", "chains:2x2")] string tree, [Values] SpeculationMethod method)
    {
        using LanguageModel model = Load();
        using Sequoia.Native.Engine.ModelLease lease = model.Lease();
        using var decoder = new Sequoia.Native.Engine.Decoder(lease.Llama, tree == "none" ? null : lease.Llama, Policy(tree).Resolve(null), 512, method);
        // Until the runtime has compiled everything for good, which a busy machine puts off.
        long least = long.MaxValue;
        for (int round = 0; round < 200 && least > 0; round++)
        {
            decoder.Start([1], new Sequoia.Native.Sampling.SamplingOptions(0.6f, 0.9f, 100), 1, default);
            for (int i = 0; i < 60; i++)
                decoder.Step();
            await Task.Delay(100);
            least = Math.Min(least, Allocated());
        }
        Assert.That(least, Is.Zero);

        long Allocated()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++)
                decoder.Step();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static LanguageModel Load() => LanguageModel.Load(TestModel.Stories260K, new LoadOptions { Threads = 2 });

    private static TreePolicy Policy(string tree) => tree.StartsWith("optimal", StringComparison.Ordinal)
        ? TreePolicy.FromTree(TreePolicy.Parse(tree).Resolve(TestTrees.Acceptance)) : TreePolicy.Parse(tree);

    private static async Task<(string Text, List<int> Tokens, GenerationStats Stats)> Run(TextGenerator generator, string prompt, GenerationOptions options)
    {
        var text = new StringBuilder();
        List<int> tokens = [];
        GenerationStats? stats = null;
        await foreach (GenerationChunk chunk in generator.GenerateAsync(prompt, options))
        {
            text.Append(chunk.Text);
            tokens.AddRange(chunk.Tokens);
            Assert.That(stats, Is.Null, "the stats come last");
            stats = chunk.Stats;
        }
        return (text.ToString(), tokens, stats!);
    }
}

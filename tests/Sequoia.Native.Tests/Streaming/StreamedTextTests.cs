using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Engine;

namespace Sequoia.Native.Tests.Streaming;

/// <summary>Texts of a model that is streamed, as users see them: the same as ever, and what goes wrong is typed and over soon.</summary>
internal sealed class StreamedTextTests
{
    // It only ends what hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly GenerationOptions Text = new() { MaxTokens = 24, IgnoreEos = true, Seed = 3, Temperature = 0.7f };

    private TemporaryFolder _folder = null!;
    private int _delay;
    private bool _fails;

    private string Target => Path.Combine(_folder.Path, "target");

    private string Draft => Path.Combine(_folder.Path, "draft");

    [OneTimeSetUp]
    public void WriteModels()
    {
        _folder = new TemporaryFolder();
        foreach ((string folder, int seed) in new[] { (Target, 1), (Draft, 2) })
        {
            RandomModel.Write(folder, new RandomModel.Shape(Vocabulary: 512, Hidden: 64, Layers: 3, HeadDim: 16, Intermediate: 160, Context: 512, Type: "BF16", Seed: seed));
            File.Copy(Path.Combine(TestModel.Stories260K, "tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
        }
    }

    [OneTimeTearDown]
    public void RemoveModels() => _folder.Dispose();

    [SetUp]
    public void Reset() => (_delay, _fails) = (0, false);

    [Test]
    public async Task A_text_is_that_of_the_mapped_model_and_says_what_was_read()
    {
        using LanguageModel mapped = LanguageModel.Load(Target), draft = LanguageModel.Load(Draft), streamed = Load(StreamMode.All);
        using var one = new TextGenerator(mapped, draft, TreePolicy.Chains(2, 3));
        using var other = new TextGenerator(streamed, draft, TreePolicy.Chains(2, 3));
        GenerationResult expected = await one.GenerateTextAsync("Once upon a time", Text), text = await other.GenerateTextAsync("Once upon a time", Text);
        Assert.That(text.Tokens, Is.EqualTo(expected.Tokens));
        Assert.That(expected.Stats.Stream, Is.Null);
        StreamStats stats = text.Stats.Stream!;
        using ModelLease lease = streamed.Lease();
        Assert.That((stats.ResidentBytes, stats.StreamedBytes), Is.EqualTo((0L, lease.Llama.Backend.Stream!.Plan.StreamedBytes)));
        // Reading is ahead by at most the ring when decoding begins and when it ends.
        Assert.That(stats.BytesPerStep, Is.EqualTo((double)stats.StreamedBytes).Within((double)stats.RingBytes / text.Stats.Steps));
        Assert.That(streamed.Note, Does.Contain("stream from disk each pass"));
    }

    [Test]
    public async Task A_budget_that_decoding_exceeds_is_refused_and_the_generator_stays_usable()
    {
        using LanguageModel streamed = Load(StreamMode.All, memory: Native.Backends.Streaming.MemoryBudget.Held() + (8 << 20)), draft = LanguageModel.Load(Draft);
        using var large = new TextGenerator(streamed, draft, TreePolicy.Chains(40, 50));
        InvalidInputException refused = (await Assert.ThrowsAsync<InvalidInputException>(() => large.GenerateTextAsync("Once", Text)))!;
        Assert.That(refused.Message, Does.Match("^memory: [0-9.]+ MB are too few, in GB: .*caches .*tree .*; allow [0-9.]+ [MG]B, or use a smaller tree, draft or context$"));
        using var small = new TextGenerator(streamed);
        Assert.That((await small.GenerateTextAsync("Once", Text)).Tokens, Has.Count.EqualTo(Text.MaxTokens));
    }

    /// <summary>A model that fits a budget by itself need not fit it with a draft, so whoever sets a budget gets a plan, which can give memory away.</summary>
    [Test]
    public async Task A_model_that_fits_a_given_budget_is_ready_to_give_way()
    {
        using LanguageModel streamed = Load(StreamMode.Auto, memory: 100L << 30), mapped = LanguageModel.Load(Target);
        Assert.That((streamed.IsStreamed, streamed.Note, mapped.IsStreamed), Is.EqualTo((true, (string?)null, false)));
        using TextGenerator one = new(streamed), other = new(mapped);
        GenerationResult text = await one.GenerateTextAsync("Once", Text);
        Assert.That(text.Tokens, Is.EqualTo((await other.GenerateTextAsync("Once", Text)).Tokens));
        Assert.That(text.Stats.Stream!.StreamedBytes, Is.Zero);
    }

    [Test]
    public async Task A_failing_read_ends_a_text_and_the_next_one_is_right()
    {
        using LanguageModel streamed = Load(StreamMode.All);
        using var generator = new TextGenerator(streamed);
        GenerationResult expected = await generator.GenerateTextAsync("Once", Text);
        int chunks = 0;
        ModelFileException failure = (await Assert.ThrowsAsync<ModelFileException>(async () =>
        {
            await foreach (GenerationChunk _ in generator.GenerateAsync("Once", Text))
            {
                if (++chunks == 3)
                    _fails = true;
            }
        }))!;
        Assert.That(failure.Message, Does.Contain("could not be read (no such sector)"));
        _fails = false;
        Assert.That((await generator.GenerateTextAsync("Once", Text)).Tokens, Is.EqualTo(expected.Tokens));
    }

    /// <summary>A pass of this model reads about 60 chunks: with 0.1 s each, nothing here waits for the end of a pass.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task Cancelling_and_disposing_do_not_wait_for_a_pass(bool dispose)
    {
        using LanguageModel streamed = Load(StreamMode.All);
        var generator = new TextGenerator(streamed);
        using var cancellation = new CancellationTokenSource();
        GenerationStats? stats = null;
        int chunks = 0;
        long start = 0;
        await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", Text with { MaxTokens = 400 }, cancellation.Token))
        {
            stats = chunk.Stats ?? stats;
            if (++chunks != 2)
                continue;
            _delay = 100;
            start = Stopwatch.GetTimestamp();
            _ = Task.Delay(200).ContinueWith(_ => { if (dispose) generator.Dispose(); else cancellation.Cancel(); }, TaskScheduler.Default);
        }
        Assert.That(stats!.FinishReason, Is.EqualTo(FinishReason.Cancelled));
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(4)));
        generator.Dispose();
    }

    [Test]
    public void Threads_of_a_model_that_is_never_disposed_end_with_it()
    {
        int before = Readers();
        Forget();
        Assert.That(Readers(), Is.GreaterThan(before), "they are found at all");
        long start = Stopwatch.GetTimestamp();
        while (Readers() > before && Stopwatch.GetElapsedTime(start) < Patience)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(20);
        }
        Assert.That(Readers(), Is.LessThanOrEqualTo(before));

        [MethodImpl(MethodImplOptions.NoInlining)]
        void Forget()
        {
            var generator = new TextGenerator(Load(StreamMode.All));
            Assert.That(generator.GenerateTextAsync("Once", Text).Result.Tokens, Has.Count.EqualTo(Text.MaxTokens));
        }
    }

    private static int Readers() => Directory.GetDirectories("/proc/self/task").Count(task =>
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("Sequoia read", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has just ended.
            return false;
        }
    });

    private LanguageModel Load(StreamMode mode, long? memory = null) => LanguageModel.Load(Target, new LoadOptions
    {
        Stream = mode,
        Memory = memory,
        Streaming = new StreamOptions
        {
            ChunkBytes = 8192,
            MeasuringTime = TimeSpan.Zero,
            BeforeRead = _ =>
            {
                if (_fails)
                    throw new IOException("no such sector");
                if (_delay > 0)
                    Thread.Sleep(_delay);
            },
        },
    });
}

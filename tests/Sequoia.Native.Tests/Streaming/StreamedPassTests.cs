using System.Diagnostics;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Engine;
using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Streaming;

/// <summary>A model whose weights are streamed gives the mapped model's bits wherever its weights are, and survives what happens to its files.</summary>
internal sealed class StreamedPassTests
{
    private const long Room = 1L << 40;
    // The smallest that a chunk of this model can be: four rows of hidden units.
    private const int SmallChunk = 4096;

    private static readonly RandomModel.Shape Shape = new(
        Vocabulary: 320, Hidden: 64, Layers: 3, Heads: 4, KvHeads: 2, HeadDim: 16, Intermediate: 160, Context: 512, Tied: false, Type: "BF16");

    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public void WriteModel()
    {
        _folder = new TemporaryFolder();
        RandomModel.Write(_folder.Path, Shape);
    }

    [OneTimeTearDown]
    public void RemoveModel() => _folder.Dispose();

    /// <summary>Every number of residents, with the smallest ring and with one that holds several chunks.</summary>
    [TestCaseSource(typeof(TestModel), nameof(TestModel.KernelTables))]
    public void Logits_do_not_depend_on_how_many_chunks_are_resident(string kernels)
    {
        using var mapped = new TestModel(_folder.Path, kernels);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 40);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 7);
        WeightChunks chunks = ChunksOf(_folder.Path, SmallChunk);
        long largest = chunks.All.Max(chunk => chunk.ReadBytes);
        Assert.That(chunks.All, Has.Count.GreaterThan(40));
        for (int residents = 0; residents <= chunks.All.Count; residents++)
        {
            // The planner gives what the ring leaves to residents.
            long ring = largest * (2 + (residents % 3));
            long bytes = chunks.Order().BytesOf(residents);
            using var streamed = new TestModel(_folder.Path, CpuKernels.Choose(kernels), 2, Small() with { Budget = ring + bytes, RingBytes = ring });
            Assert.That(streamed.Llama.Backend.Stream!.Plan.ResidentCount, Is.GreaterThanOrEqualTo(residents));
            Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 7), Is.EqualTo(expected), $"{residents} residents");
        }
    }

    [Test]
    public void Logits_do_not_depend_on_the_size_of_chunks_nor_on_threads([Values(2048, 10_000, 1 << 20)] int chunkBytes, [Values(1, 2, 5)] int threads, [Values("F32", "F16", "BF16")] string type)
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape with { Type = type, Tied = true });
        using var mapped = new TestModel(folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 20);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 5);
        using var streamed = new TestModel(folder.Path, CpuKernels.Best, threads, Small() with { ChunkBytes = chunkBytes, Mode = StreamMode.All });
        Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 5), Is.EqualTo(expected));
        Assert.That(streamed.Llama.Backend.Stream!.Plan.ResidentBytes, Is.Zero);
    }

    [Test]
    public void Logits_do_not_depend_on_when_reads_end()
    {
        using var mapped = new TestModel(_folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 24);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 6);
        for (int seed = 0; seed < 4; seed++)
        {
            var random = new Random(seed);
            using var streamed = new TestModel(_folder.Path, CpuKernels.Best, 2, Small() with
            {
                BeforeRead = _ =>
                {
                    int delay;
                    lock (random)
                        delay = random.Next(20);
                    if (delay > 16)
                        Thread.Sleep(delay - 16);
                },
                Budget = 60_000,
            });
            Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 6), Is.EqualTo(expected), $"seed {seed}");
        }
    }

    /// <summary>Rows that no kernel can use as they are stored stay in memory, as for a mapped model.</summary>
    [Test]
    public void Rows_that_need_padding_are_not_streamed()
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape with { Hidden = 48, HeadDim = 16, Heads = 2, KvHeads = 1, Intermediate = 64 });
        using var mapped = new TestModel(folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 12);
        using var streamed = new TestModel(folder.Path, CpuKernels.Best, 2, Small());
        Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 5), Is.EqualTo(ForwardPasses.Chain(mapped.Llama, tokens, 5)));
    }

    /// <summary>A change of the plan between passes keeps what may stay: a smaller number of residents reads none of them again.</summary>
    [Test]
    public void A_reservation_changes_the_plan_and_no_bits()
    {
        using var mapped = new TestModel(_folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 12);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 4);
        WeightChunks chunks = ChunksOf(_folder.Path, SmallChunk);
        using CpuWeightStream stream = StreamOf(_folder.Path, Small() with { Budget = chunks.Bytes });
        Assert.That(stream.Info.Plan.StreamedBytes, Is.Zero);
        long half = chunks.Bytes / 2;
        using (stream.Reserve(new MemoryNeeds(0, 0, 0, half, 0)))
        {
            PlacementPlan plan = stream.Info.Plan;
            Assert.That(plan.StreamedBytes, Is.GreaterThan(half * 0.9).And.LessThan(chunks.Bytes));
            Pass(stream);
            Assert.That(stream.Info.BytesRead, Is.EqualTo(chunks.Bytes).Within(plan.RingBytes));
        }
        Assert.That(stream.Info.Plan.StreamedBytes, Is.Zero);
        Assert.That(() => stream.Reserve(new MemoryNeeds(0, 0, 0, chunks.Bytes, 0)), Throws.TypeOf<InvalidInputException>());
        Assert.That(stream.Info.Plan.StreamedBytes, Is.Zero, "a reservation that is refused changes nothing");

        using var streamed = new TestModel(_folder.Path, CpuKernels.Best, 2, Small() with { Budget = chunks.Bytes });
        foreach (double share in (double[])[0, 0.3, 0.8, 0.5, 0])
        {
            using IDisposable reservation = ((CpuBackend)streamed.Llama.Backend).WeightStream!.Reserve(new MemoryNeeds(0, 0, 0, (long)(share * chunks.Bytes), 0));
            Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 4), Is.EqualTo(expected), $"{share}");
        }
    }

    [Test]
    public void A_pass_without_logits_does_not_read_the_output_projection()
    {
        WeightChunks chunks = ChunksOf(_folder.Path, SmallChunk);
        long head = chunks.All.Skip(chunks.HeadStart).Sum(chunk => chunk.ReadBytes);
        using CpuWeightStream stream = StreamOf(_folder.Path, Small() with { Mode = StreamMode.All, RingBytes = 2 * chunks.All.Max(chunk => chunk.ReadBytes) });
        for (int pass = 1; pass <= 3; pass++)
            Pass(stream, logits: false, rest: TimeSpan.FromMilliseconds(50));
        Assert.That(stream.Info.BytesRead, Is.EqualTo(3 * (chunks.Bytes - head)).Within(stream.Info.Plan.RingBytes), "reading is ahead by at most the ring");
    }

    [Test]
    public void Steps_of_a_streamed_model_allocate_nothing()
    {
        using var target = new TestModel(_folder.Path, CpuKernels.Best, 2, Small() with { Budget = 100_000_000, Mode = StreamMode.All });
        using var draft = new TestModel(_folder.Path);
        using var decoder = new Decoder(target.Llama, draft.Llama, TokenTree.Chains(2, 3), 256);
        decoder.Start([1, 2, 3], new SamplingOptions(0.6f), 1, default);
        for (int i = 0; i < 4; i++)
            decoder.Step();
        long least = long.MaxValue;
        for (int i = 0; i < 8; i++)
        {
            // All threads: those that read count too.
            long before = GC.GetTotalAllocatedBytes(precise: true);
            decoder.Step();
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.That(least, Is.Zero);
    }

    [Test]
    public void A_read_that_fails_ends_the_pass_and_the_next_one_is_right()
    {
        using var mapped = new TestModel(_folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 8);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 8);
        long reads = 0, failing = long.MaxValue;
        using var streamed = new TestModel(_folder.Path, CpuKernels.Best, 2, Small() with
        {
            Mode = StreamMode.All,
            BeforeRead = _ =>
            {
                if (Interlocked.Increment(ref reads) == Interlocked.Read(ref failing))
                    throw new IOException("Input/output error");
            },
        });
        for (int after = 1; after < 90; after += 4)
        {
            failing = Interlocked.Read(ref reads) + after;
            try
            {
                // The failure may also be of a chunk that is read ahead and that no pass waits for.
                ForwardPasses.Chain(streamed.Llama, tokens, 8);
            }
            catch (ModelFileException e)
            {
                Assert.That(e.Message, Does.Match(@"model\.safetensors: tensor '[a-z_.0-9]+': \d+ bytes from \d+ could not be read \(Input/output error\)$"));
            }
            failing = long.MaxValue;
            Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 8), Is.EqualTo(expected), $"after {after} reads");
        }
    }

    [Test]
    public void A_file_that_is_cut_or_written_to_is_an_error_of_one_line()
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape);
        string file = Path.Combine(folder.Path, "model.safetensors");
        byte[] whole = File.ReadAllBytes(file);
        using var streamed = new TestModel(folder.Path, CpuKernels.Best, 2, Small() with { Mode = StreamMode.All });
        int[] tokens = ForwardPasses.Tokens(streamed.Llama, 6);
        int[][] expected = ForwardPasses.Chain(streamed.Llama, tokens, 6);
        Assert.That(() =>
        {
            using (FileStream open = new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                open.SetLength(whole.Length / 2);
            ForwardPasses.Chain(streamed.Llama, tokens, 6);
        }, Throws.TypeOf<ModelFileException>().With.Message.EqualTo($"{file}: the file has changed since the model was loaded; load it again"));
        Assert.That(expected, Is.Not.Empty);
    }

    [Test]
    public void A_file_that_is_cut_inside_of_a_pass_is_an_error_of_one_line()
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, Shape);
        string file = Path.Combine(folder.Path, "model.safetensors");
        int reads = 0;
        using var streamed = new TestModel(folder.Path, CpuKernels.Best, 2, Small() with
        {
            Mode = StreamMode.All,
            BeforeRead = _ =>
            {
                // Measuring reads three times at most.
                if (Interlocked.Increment(ref reads) != 20)
                    return;
                using FileStream open = new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                open.SetLength(8192);
            },
        });
        int[] tokens = ForwardPasses.Tokens(streamed.Llama, 6);
        Assert.That(() => ForwardPasses.Chain(streamed.Llama, tokens, 6), Throws.TypeOf<ModelFileException>()
            .With.Message.Match(@"model\.safetensors: tensor '[a-z_.0-9]+': \d+ bytes from \d+ could not be read \(the file has 8192 bytes\)$"));
    }

    [Test]
    public void A_pass_that_waits_can_be_cancelled_and_the_next_one_is_right()
    {
        using var mapped = new TestModel(_folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 4);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 4);
        bool slow = false;
        using var streamed = new TestModel(_folder.Path, CpuKernels.Best, 2, Small() with
        {
            Mode = StreamMode.All,
            BeforeRead = _ =>
            {
                if (Volatile.Read(ref slow))
                    Thread.Sleep(200);
            },
        });
        using var decoder = new Decoder(streamed.Llama, null, TokenTree.Root, 64);
        decoder.Start([1, 2, 3], new SamplingOptions(0), 1, default);
        decoder.Step();
        slow = true;
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        long start = Stopwatch.GetTimestamp();
        Assert.That(() => decoder.Step(cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        // The whole pass would have taken at least 8 seconds: more than 40 chunks of 0.2 s.
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(4)));
        slow = false;
        Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 4), Is.EqualTo(expected));
    }

    /// <summary>Reads of a pass that was given up may still be under way, several at once: they must not end up in the next pass.</summary>
    [Test]
    public void Passes_that_are_given_up_leave_nothing_behind()
    {
        using var mapped = new TestModel(_folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 4);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 4);
        bool slow = false;
        using var streamed = new TestModel(_folder.Path, CpuKernels.Best, 2, Small() with
        {
            Mode = StreamMode.All,
            Readers = 4,
            RingBytes = 40_000,
            BeforeRead = _ =>
            {
                if (Volatile.Read(ref slow))
                    Thread.Sleep(Random.Shared.Next(20));
            },
        });
        CpuWeightStream stream = ((CpuBackend)streamed.Llama.Backend).WeightStream!;
        for (int round = 0; round < 60; round++)
        {
            slow = true;
            stream.Begin(logits: true, default);
            for (int chunk = 0; chunk < round % 7; chunk++)
            {
                stream.Wait(chunk, chunk + 1);
                stream.Release(chunk);
            }
            stream.End();
            slow = false;
            Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 4), Is.EqualTo(expected), $"round {round}");
        }
    }

    /// <summary>Two texts of one model on two threads: their passes take turns.</summary>
    [Test]
    public void Passes_of_two_threads_take_turns()
    {
        using var mapped = new TestModel(_folder.Path);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 30);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 5);
        using var streamed = new TestModel(_folder.Path, CpuKernels.Best, 2, Small() with { Budget = 80_000 });
        Task<int[][]>[] both = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => ForwardPasses.Chain(streamed.Llama, tokens, 5)))];
        foreach (Task<int[][]> one in both)
            Assert.That(one.Result, Is.EqualTo(expected));
    }

    private static StreamOptions Small() => new() { Budget = Room, ChunkBytes = SmallChunk, MeasuringTime = TimeSpan.Zero };

    private static WeightChunks ChunksOf(string folder, int bytes)
    {
        using var files = new ModelFiles(folder);
        return new WeightChunks(new LlamaTensors(files, LlamaConfig.Read(Path.Combine(folder, "config.json"))), bytes, CpuMatrix.HasWholeChunks);
    }

    private static CpuWeightStream StreamOf(string folder, StreamOptions options)
    {
        using var files = new ModelFiles(folder);
        return new CpuWeightStream(new LlamaTensors(files, LlamaConfig.Read(Path.Combine(folder, "config.json"))), options);
    }

    /// <summary>A pass that computes nothing; at its end it rests, so that what is read ahead too far is seen.</summary>
    private static void Pass(CpuWeightStream stream, bool logits = true, TimeSpan rest = default)
    {
        stream.Begin(logits, default);
        int end = logits ? stream.Chunks.All.Count : stream.Chunks.HeadStart;
        for (int chunk = 0; chunk < end; chunk++)
        {
            stream.Wait(chunk, end);
            stream.Release(chunk);
        }
        Thread.Sleep(rest);
        stream.End();
    }
}

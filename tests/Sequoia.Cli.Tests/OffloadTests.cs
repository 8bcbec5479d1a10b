using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Sequoia.Cli.Bench;
using Sequoia.Cli.Offload;
using Sequoia.Native;
using Sequoia.Native.Backends.Cpu;

namespace Sequoia.Cli.Tests;

/// <summary>Weights that are streamed, from the command line, and the other systems' strategies that it compares with.</summary>
internal sealed class OffloadTests
{
    private static readonly RandomModel.Shape Shape = new(
        Vocabulary: 512, Hidden: 64, Layers: 4, Heads: 4, KvHeads: 2, HeadDim: 16, Intermediate: 160, Context: 256, Tied: false, Type: "BF16");

    private TemporaryFolder _folder = null!;

    private string Target => Path.Combine(_folder.Path, "target");

    private string Draft => Path.Combine(_folder.Path, "draft");

    [OneTimeSetUp]
    public void WriteModels()
    {
        _folder = new TemporaryFolder();
        foreach ((string folder, int layers) in new[] { (Target, 4), (Draft, 1) })
        {
            RandomModel.Write(folder, Shape with { Layers = layers });
            File.WriteAllText(Path.Combine(folder, "acceptance.json"), """{"p": [0.5, 0.2, 0.1]}""");
            File.Copy(Path.Combine(TestModel.Stories260K, "tokenizer.model"), Path.Combine(folder, "tokenizer.model"));
        }
    }

    [OneTimeTearDown]
    public void RemoveModels() => _folder.Dispose();

    [Test]
    public void Strategies_of_other_systems_give_the_same_bits()
    {
        using var mapped = new TestModel(Target);
        int[] tokens = ForwardPasses.Tokens(mapped.Llama, 18);
        int[][] expected = ForwardPasses.Chain(mapped.Llama, tokens, 6);
        foreach (OffloadStrategy strategy in OffloadStrategy.All(Shape.Hidden))
        {
            using var streamed = new TestModel(Target, CpuKernels.Best, 2, new StreamOptions
            {
                Budget = 1 << 30,
                Mode = StreamMode.All,
                ChunkBytes = 4096,
                MeasuringTime = TimeSpan.Zero,
                Source = (chunks, files, plan) => new GroupedReads(chunks, files, plan, strategy),
            });
            Assert.That(ForwardPasses.Chain(streamed.Llama, tokens, 6), Is.EqualTo(expected), strategy.Name);
        }
    }

    /// <summary>Reads follow one another, and time without a read is lost.</summary>
    [Test]
    public void A_limited_rate_is_kept()
    {
        var limit = new RateLimit(1e6);
        TimeSpan first = limit.Begin(20_000), second = limit.Begin(30_000);
        Assert.That((second - first).TotalSeconds, Is.EqualTo(0.03).Within(1e-6));
        RateLimit.Wait(second);
        Thread.Sleep(50);
        long start = Stopwatch.GetTimestamp();
        Assert.That((limit.Begin(20_000) - second).TotalSeconds, Is.GreaterThan(0.069));
        RateLimit.Wait(limit.Begin(20_000));
        Assert.That(Stopwatch.GetElapsedTime(start).TotalSeconds, Is.GreaterThan(0.039));
    }

    [Test]
    public void A_streamed_text_is_the_mapped_text_and_says_how_it_was_read()
    {
        string[] common = ["generate", "Once", "--target", Target, "--draft", Draft, "--tree", "chains:2x2", "--max-tokens", "20", "--seed", "5", "--json", "--ignore-eos"];
        JsonNode mapped = Good([.. common, "--stream", "never"]).Json, streamed = Good([.. common, "--stream", "all", "--memory", "1GB"]).Json;
        Assert.That(streamed["tokens"]!.ToJsonString(), Is.EqualTo(mapped["tokens"]!.ToJsonString()));
        Assert.That(mapped["stats"]!["stream"], Is.Null);
        JsonNode stream = streamed["stats"]!["stream"]!;
        Assert.That(stream["resident_bytes"]!.GetValue<long>(), Is.Zero);
        Assert.That(stream["streamed_bytes"]!.GetValue<long>(), Is.GreaterThan(300_000));
        Assert.That(stream["bytes_per_step"]!.GetValue<double>(), Is.GreaterThan(0));
        Assert.That(stream["link_bytes_per_second"]!.GetValue<double>(), Is.GreaterThan(0));
    }

    [TestCase("--memory 3MB --stream all", "memory: 3 MB are too few, in GB: ")]
    [TestCase("--memory 1MB --stream auto", "memory: 1 MB are too few, in GB: ")]
    [TestCase("--memory 8", "--memory 8: is no size; give one like 8GB, 512MB or 7GiB")]
    [TestCase("--memory 1GB --stream never", "--memory: limits what is streamed; leave --stream never out")]
    [TestCase("--memory lots", "--memory lots: is no size; give one like 8GB, 512MB or 7GiB")]
    [TestCase("--stream some", "--stream some: is not auto, never or all")]
    [TestCase("--device software --memory 1GB", "--memory: concerns weights on the CPU, and not software")]
    public void A_memory_that_cannot_work_is_one_line(string options, string message) =>
        SequoiaProcess.Run(["generate", "Once", "--target", Target, "--max-tokens", "3", .. options.Split(' ')]).AssertBadInput(message);

    [Test]
    public void Ways_to_stream_are_compared_in_a_table_and_in_json()
    {
        string output = Path.Combine(_folder.Path, "compare");
        SequoiaProcess run = Good(
            "compare", "--offload", "--target", Target, "--draft", Draft, "--memory", "1GB", "--steps", "2", "--temperatures", "0", "--sizes", "4", "--output", output, "--link-limit", "20MB");
        Assert.That(run.Out, Does.Contain("| sync (Accelerate-like)").And.Contain("our re-implementation of that system's strategy").And.Contain("limited to 0.02 GB/s"));
        JsonNode[] rows = [.. JsonNode.Parse(File.ReadAllText(Path.Combine(output, "offload.json")))!["rows"]!.AsArray().Select(row => row!)];
        Assert.That(rows.Select(row => row["name"]!.GetValue<string>()).Distinct(), Is.EqualTo(new[] { "sync", "bucket", "two-buffers", "stream" }));
        Assert.That(rows.Where(row => row["equal"]!.GetValue<string>() == "bytes").Select(row => row["resident_bytes"]!.GetValue<long>()), Is.All.Zero);
        Assert.That(File.ReadAllText(Path.Combine(output, "offload.svg")), Does.Contain("<svg "));
    }

    [TestCase("--offload --prompts x", "--prompts: does not belong to --offload")]
    [TestCase("--steps 3", "--steps: belongs to --offload")]
    [TestCase("--offload --methods mapped --link-limit 1GB", "--methods mapped: the system reads a mapped file")]
    [TestCase("--offload --device software", "--device software: --offload streams weights to the CPU only")]
    [TestCase("", "--prompts: is missing; name a file of prompts")]
    public void Options_that_do_not_belong_together_are_one_line(string options, string message) =>
        SequoiaProcess.Run(["compare", "--target", Target, "--draft", Draft, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).AssertBadInput(message);

    [Test]
    public void A_plan_is_printed_without_files_and_adds_up()
    {
        string[] shapes = ["plan", "--shape", "llama2-70b", "--draft-shape", "tinyllama", "--memory", "64GB", "--link", "3GB", "--tree", "chains:2x3"];
        Assert.That(Good(shapes).Out, Does.Match(@"^69\.0 B weights in BF16, [\d.]+ GB of 137\.43 GB of weights stay in memory, [\d.]+ GB stream from disk each pass: [\d.]+ s at 3 GB/s"));
        JsonNode plan = Good([.. shapes, "--json"]).Json;
        long held = plan["needs"]!.AsObject().Sum(part => part.Value!.GetValue<long>());
        // Less than another chunk is left over.
        Assert.That(held, Is.InRange(64_000_000_000 - (4 << 20), 64_000_000_000));
        JsonNode[] matrices = [.. plan["matrices"]!.AsArray().Select(matrix => matrix!)];
        Assert.That(matrices, Has.Length.EqualTo((80 * 7) + 1));
        Assert.That(matrices.Sum(matrix => matrix["bytes"]!.GetValue<long>()), Is.EqualTo(2 * (68_976_648_192 - (32_000L * 8192) - (161 * 8192))));
        Assert.That(plan["step_seconds"]!.GetValue<double>(), Is.GreaterThanOrEqualTo(plan["streamed_bytes"]!.GetValue<long>() / 3e9));
    }

    [Test]
    public void A_plan_of_files_is_what_loading_does()
    {
        JsonNode plan = Good("plan", "--target", Target, "--memory", "1GB", "--stream", "all", "--json").Json;
        JsonNode stats = Good("generate", "Once", "--target", Target, "--max-tokens", "2", "--memory", "1GB", "--stream", "all", "--json").Json["stats"]!["stream"]!;
        Assert.That(plan["streamed_bytes"]!.GetValue<long>(), Is.EqualTo(stats["streamed_bytes"]!.GetValue<long>()));
        Assert.That(plan["link_bytes_per_second"]!.GetValue<double>(), Is.GreaterThan(0));
    }

    [TestCase("--shape llama2-70b --memory 500MB", "memory: 500 MB are too few, in GB: ring 0.0")]
    [TestCase("--shape huge", "--shape huge: is not one of llama2-7b")]
    [TestCase("--shape 1b --tree optimal:8", "--tree optimal:8: needs --draft DIR or --draft-shape NAME")]
    [TestCase("--shape 1b --draft-shape 68m --tree auto", "--tree auto: needs the pair's acceptance; give --acceptance FILE")]
    [TestCase("--shape 1b --stream never", "--stream never: leaves everything to the system")]
    [TestCase("--shape 1b --target /nowhere", "--shape: takes the place of --target")]
    public void A_plan_that_cannot_be_made_is_one_line(string options, string message) =>
        SequoiaProcess.Run(["plan", .. options.Split(' ')]).AssertBadInput(message);

    [TestCase("--demo /nowhere/x --target t", "--demo /nowhere/x: is a pair of its own")]
    [TestCase("--yes", "--yes: belongs to --demo DIR")]
    [TestCase("--demo /nowhere/x --methods stream,tree", "--methods stream,tree: 'tree' is not one of sync, bucket, two-buffers, mapped, stream")]
    public void Options_of_a_demonstration_belong_to_it(string options, string message) =>
        SequoiaProcess.Run(["compare", "--offload", .. options.Split(' ')]).AssertBadInput(message);

    /// <summary>A model of 200 MB within 5 % of budgets that it does not fit, at any moment of a run: the system counts the peak.</summary>
    [TestCase(250)]
    [TestCase(320)]
    public async Task A_process_holds_what_it_may_and_no_more(int megabytes)
    {
        string path = Path.Combine(_folder.Path, "large");
        var model = new SyntheticModel(new ModelShape("large", 1024, 2816, 8, 16, 16, 64, 8000, 512)) { OutputDeviation = 0.001f };
        var folder = new DemoFolder(path, new DemoPair("large", model, model with { Shape = model.Shape with { Layers = 1 } }, [0.8], 1));
        await folder.WriteAsync(new Streams(), isAgreed: true, CancellationToken.None);
        string peak = Path.Combine(_folder.Path, $"peak{megabytes}");
        SequoiaProcess run = SequoiaProcess.RunShell(
            $"SEQUOIA & pid=$!; while grep VmHWM /proc/$pid/status; do sleep 0.01; done > '{peak}' 2>/dev/null; wait $pid",
            "generate", "Once", "--target", folder.Target, "--draft", folder.Draft, "--tree", "optimal:16", "--max-tokens", "40", "--memory", $"{megabytes}MB", "--json");
        Assert.That(run.Status, Is.Zero, run.Notes);
        JsonNode stream = run.Json["stats"]!["stream"]!;
        Assert.That(stream["streamed_bytes"]!.GetValue<long>(), Is.GreaterThan(0), "it does not fit");
        long most = File.ReadLines(peak).Max(line => 1024 * long.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture));
        TestContext.Out.WriteLine($"budget {megabytes} MB: peak {most / 1e6:F0} MB, {stream["resident_bytes"]} bytes of weights resident");
        Assert.That(most, Is.LessThanOrEqualTo(megabytes * 1_050_000L));
    }

    private static SequoiaProcess Good(params string[] arguments)
    {
        SequoiaProcess run = SequoiaProcess.Run(arguments);
        Assert.That(run.Status, Is.Zero, run.Notes);
        return run;
    }
}

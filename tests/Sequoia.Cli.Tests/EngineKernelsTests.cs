using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

/// <summary>sequoia kernels resources, check and bench over the engine's own kernels.</summary>
public class EngineKernelsTests
{
    [SetUp]
    public void RequireNvrtc() => _ = NeededLibraries.Compiler();

    [Test]
    public void Resources_of_one_kernel_are_told_for_each_architecture()
    {
        SequoiaProcess table = SequoiaProcess.Run("kernels", "resources", "--kernel", "attend", "--architecture", "sm_80", "sm_90");
        Assert.That(table.Status, Is.Zero, table.Notes);
        Assert.That(table.Out, Does.Contain("HEAD_DIM=128 ROW_TILE=64 BF16").And.Contain("sm_90").And.Not.Contain("sm_86").And.Not.Contain("compact_kv").And.Match(@"\nno kernel spills registers with NVRTC \d+\.\d+\n$"));
        SequoiaProcess json = SequoiaProcess.Run("kernels", "resources", "--kernel", "compact_kv", "--architecture", "sm_75", "--json");
        JsonNode only = json.Json["kernels"]!.AsArray().Single()!;
        Assert.Multiple(() =>
        {
            Assert.That(only["registers"]!.GetValue<int>(), Is.InRange(16, 64));
            Assert.That(only["spill_store_bytes"]!.GetValue<int>(), Is.Zero);
            Assert.That(only["threads"]!.GetValue<int>(), Is.EqualTo(256));
            Assert.That(only["occupancy"]!["warps"]!.GetValue<int>(), Is.InRange(8, 32));
        });
    }

    [Test]
    public void Kernels_equal_their_references()
    {
        SequoiaProcess table = SequoiaProcess.Run("kernels", "check", "--cases", "2", "--seed", "7");
        Assert.That(table.Status, Is.Zero, table.Out + table.Notes);
        Assert.That(table.Out, Does.StartWith("seed 7, software:0\n").And.Contain("| bit-equal").And.Contain("% of what rounding allows"));
        SequoiaProcess json = SequoiaProcess.Run("kernels", "check", "--cases", "3", "--kernel", "matmul", "--json");
        JsonNode only = json.Json["kernels"]!.AsArray().Single()!;
        Assert.Multiple(() =>
        {
            Assert.That(json.Json["seed"]!.GetValue<int>(), Is.Not.Negative);
            Assert.That(only["cases"]!.GetValue<int>(), Is.EqualTo(3));
            Assert.That(only["worst"]!.GetValue<double>(), Is.InRange(0.1, 1));
            Assert.That(only["worst_of_twin"]!.GetValue<double>(), Is.InRange(0.1, 1));
            Assert.That(only["failure"], Is.Null);
        });
    }

    /// <summary>The software device runs a quarter of a model's width, and says so.</summary>
    [Test]
    public void Kernels_equal_their_references_on_a_models_sizes_every_time()
    {
        SequoiaProcess table = SequoiaProcess.Run("kernels", "check", "--typical", "--kernel", "embed", "--soak", "2");
        Assert.That(table.Status, Is.Zero, table.Out + table.Notes);
        Assert.That(table.Out, Does.StartWith("software:0, sizes of a 7B model at a quarter of its width, without twins; all of 2 replays must give the same bits\n").And.Match(@"\| embed +\| 3 +\| bit-equal"));
        SequoiaProcess json = SequoiaProcess.Run("kernels", "check", "--typical", "--kernel", "advance_step", "--json");
        JsonNode only = json.Json["kernels"]!.AsArray().Single()!;
        Assert.That((json.Json["replays"]!.GetValue<int>(), only["cases"]!.GetValue<int>(), only["failure"]), Is.EqualTo((3, 1, (JsonNode?)null)));
    }

    [Test]
    public void A_check_that_is_interrupted_ends_at_once()
    {
        SequoiaProcess run = SequoiaProcess.Interrupt("INT", "kernels", "check", "--cases", "100000");
        Assert.That((run.Status, run.Notes), Is.EqualTo((130, "")));
    }

    [TestCase("--kernel conv: is not one of embed, ", "--kernel", "conv")]
    [TestCase("--cases 0: must be a whole number from 1", "--cases", "0")]
    [TestCase("--device cpu: there is no such device", "--device", "cpu")]
    [TestCase("--schedules: is for a kernel of your own; name FILE.cu", "--schedules", "3")]
    [TestCase("--launch: is missing", "some.cu")]
    [TestCase("--typical: its problems are always the same", "--typical", "--cases", "3")]
    [TestCase("--typical: its problems are always the same", "--typical", "--seed", "3")]
    [TestCase("--soak: needs --typical", "--soak", "3")]
    [TestCase("--typical: is for the engine's kernels; leave out FILE.cu", "some.cu", "--launch", "some.json", "--typical")]
    [TestCase("--cases: is for the engine's kernels; leave out FILE.cu", "some.cu", "--launch", "some.json", "--cases", "3")]
    public void Checks_that_make_no_sense_are_told_in_one_line(string message, params string[] arguments) =>
        SequoiaProcess.Run(["kernels", "check", .. arguments]).AssertBadInput(message);

    [Test]
    public void Work_is_counted_and_never_timed_on_the_software_device()
    {
        SequoiaProcess table = SequoiaProcess.Run("kernels", "bench", "--kernel", "embed", "--device", "software");
        Assert.That(table.Status, Is.Zero, table.Notes);
        Assert.That(table.Out, Does.Contain("counts, no times").And.Contain("64 rows of 1024").And.Not.Contain(" us ").And.Not.Contain("/s"));
        SequoiaProcess json = SequoiaProcess.Run("kernels", "bench", "--kernel", "attend", "--device", "software", "--json");
        JsonNode many = json.Json["counts"]!.AsArray()[^1]!;
        Assert.Multiple(() =>
        {
            Assert.That(many["launches"]!.AsArray().Select(launch => launch!.GetValue<string>()), Is.EqualTo(new[] { "attend" }));
            Assert.That(many["mma_share_of_flops"]!.GetValue<double>(), Is.InRange(0.5, 1));
            Assert.That(many["bytes_distinct"]!.GetValue<long>(), Is.LessThan(many["bytes_asked_for"]!.GetValue<long>()));
            Assert.That(many["shared_wavefronts"]!.GetValue<long>(), Is.EqualTo(many["shared_ideal_wavefronts"]!.GetValue<long>()));
            Assert.That(json.Json["times"], Is.Null);
        });
    }

    [TestCase("--kernel conv: is not one of embed, ", "--kernel", "conv")]
    [TestCase("--bytes: is for a kernel of your own; name FILE.cu", "--bytes", "3")]
    [TestCase("--kernel: is for the engine's kernels; leave out FILE.cu", "some.cu", "--launch", "some.json", "--kernel", "embed")]
    public void Measurements_that_make_no_sense_are_told_in_one_line(string message, params string[] arguments) =>
        SequoiaProcess.Run(["kernels", "bench", .. arguments]).AssertBadInput(message);

    [TestCase("no_such", "sm_80", "--kernel no_such: is not one of advance_step, ")]
    [TestCase("compact_kv", "sm_1", "--architecture sm_1: NVRTC ")]
    [TestCase("matmul", "sm_75", "--architecture sm_75: matmul needs tensor cores")]
    public void Resources_that_are_not_there_are_told_in_one_line(string kernel, string architecture, string message) =>
        SequoiaProcess.Run("kernels", "resources", "--kernel", kernel, "--architecture", architecture).AssertBadInput(message);
}

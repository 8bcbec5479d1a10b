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
        Assert.That(table.Out, Does.Contain("HEAD_DIM=128 ROW_TILE=64 BF16").And.Contain("sm_90").And.Not.Contain("sm_86").And.Not.Contain("compact_kv"));
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

    [TestCase("no_such", "sm_80", "--kernel no_such: is not one of advance_step, ")]
    [TestCase("compact_kv", "sm_1", "--architecture sm_1: NVRTC ")]
    [TestCase("matmul", "sm_75", "--architecture sm_75: matmul needs tensor cores")]
    public void Resources_that_are_not_there_are_told_in_one_line(string kernel, string architecture, string message) =>
        SequoiaProcess.Run("kernels", "resources", "--kernel", kernel, "--architecture", architecture).AssertBadInput(message);
}

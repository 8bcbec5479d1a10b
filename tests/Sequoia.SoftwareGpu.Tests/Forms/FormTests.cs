using Sequoia.SoftwareGpu.Lower;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Every form that exists has a test of its own: a new form without one fails here.</summary>
internal sealed class FormTests
{
    /// <summary>Forms that cannot stand alone in a kernel, by the test that has them in its midst.</summary>
    private static readonly Dictionary<string, string[]> Elsewhere = new()
    {
        [nameof(TensorTests.Mma_equals_the_transcription)] =
        [
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32",
            "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
        ],
        [nameof(TensorTests.Integer_mma)] =
            [.. from s in (string[])["", "satfinite."] from a in (string[])["s8", "u8"] from b in (string[])["s8", "u8"] select $"mma.sync.aligned.m16n8k32.row.col.{s}s32.{a}.{b}.s32"],
        [nameof(LoadMatrixTests.Rows_arrive_where_mma_wants_them)] = [.. LoadMatrixTests.Opcodes()],
        [nameof(WarpgroupTests.Equals_the_transcription)] = [.. WarpgroupTests.Opcodes()],
        [nameof(MBarrierFormTests.Phases)] = [.. MBarrierFormTests.Opcodes],
        [nameof(ControlFormTests.Barriers_and_control)] = [.. ControlFormTests.Opcodes],
        [nameof(ControlFormTests.Addresses_of_spaces)] = [.. ControlFormTests.AddressOpcodes],
        [nameof(ControlFormTests.Hints_change_nothing)] = [.. ControlFormTests.Hints],
    };

    [TestCaseSource(typeof(Decoder), nameof(Decoder.Names))]
    public void Every_form_is_tested(string name)
    {
        FormExplorer explorer = new();
        explorer.Explore(name);
        HashSet<string> tested = [.. InstructionForms.All().Select(f => f.Opcode), .. AccessTests.Opcodes(), .. WarpFormTests.Opcodes(), .. Elsewhere.Values.SelectMany(v => v)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(explorer.Accepted.Except(tested), Is.Empty, "forms without a test");
            Assert.That(explorer.Unshaped, Is.Empty, "forms whose operands the explorer does not know");
            Assert.That(explorer.Accepted, Is.Not.Empty);
        }
    }
}

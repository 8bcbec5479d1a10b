using System.Runtime.InteropServices;
using System.Text;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Kernels.Tests;

/// <summary>The host's structures lie in memory as the kernels': the compiler checks offset after offset.</summary>
internal sealed class ParameterLayoutTests : CudaFixture
{
    private static readonly (string File, string Name, Type Host)[] Structures =
    [
        ("distribution.cuh", "SamplingLaw", typeof(SamplingLaw)),
        ("distribution.cuh", "RowScale", typeof(RowScale)),
        ("step_state.cuh", "StepState", typeof(StepState)),
        ("step_state.cuh", "TreeShape", typeof(DeviceTree)),
        ("step_state.cuh", "Verdict", typeof(DeviceVerdict)),
        ("draw_children.cu", "DrawChildren", typeof(DrawChildren)),
        ("sample_token.cu", "SampleToken", typeof(SampleToken)),
        ("verify_tree.cu", "VerifyTree", typeof(VerifyTree)),
        ("compact_kv.cu", "CompactKv", typeof(CompactKv)),
    ];

    [TestCaseSource(nameof(Structures))]
    public void Host_and_device_agree((string File, string Name, Type Host) structure)
    {
        var source = new StringBuilder(KernelSource.Text(structure.File)).AppendLine();
        source.AppendLine($"static_assert(sizeof({structure.Name}) == {Marshal.SizeOf(structure.Host)}, \"size\");");
        foreach (var field in structure.Host.GetFields())
        {
            // TopK is top_k.
            string name = string.Concat(field.Name.Select((c, i) => (i > 0 && char.IsUpper(c) ? "_" : "") + char.ToLowerInvariant(c)));
            source.AppendLine($"static_assert(__builtin_offsetof({structure.Name}, {name}) == {Marshal.OffsetOf(structure.Host, field.Name)}, \"{name}\");");
        }
        Assert.DoesNotThrow(() => KernelSource.Compiler.Compile(source.ToString(), KernelSource.Options("compute_75", KernelSource.Headers())));
    }
}

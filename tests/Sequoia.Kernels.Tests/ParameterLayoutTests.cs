using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;

namespace Sequoia.Kernels.Tests;

/// <summary>The host's structures lie in memory as the kernels' do: the device computes its own offsets.</summary>
internal sealed class ParameterLayoutTests : CudaFixture
{
    private static readonly TestCaseData[] Structures =
    [
        Case<SamplingSettings>("distribution.cuh", "SamplingSettings"),
        Case<RowScale>("distribution.cuh", "RowScale"),
        Case<DeviceTree>("sequence.cuh", "TreeShape"),
        Case<DeviceSequence>("sequence.cuh", "Sequence"),
        Case<DevicePart>("pass.cuh", "PassPart"),
        Case<DeviceRow>("pass.cuh", "PassRow"),
        Case<DevicePass>("pass.cuh", "Pass"),
        Case<Outcome>("outcome.cuh", "Outcome"),
        Case<Outcomes>("outcome.cuh", "Outcomes"),
        Case<RowTile>("attend.cuh", "RowTile"),
        Case<Attend>("attend.cuh", "Attend"),
        Case<DrawWorkspace>("draw_children.cuh", "DrawWorkspace"),
        Case<DrawChildren>("draw_children.cuh", "DrawChildren"),
        Case<VerifyTree>("verify_tree.cuh", "VerifyTree"),
        Case<Embed>("embed.cu", "Embed"),
        Case<DeviceNorm>("norm.cuh", "Norm"),
        Case<AdvanceStep>("advance_step.cu", "AdvanceStep"),
        Case<CompactKv>("compact_kv.cuh", "CompactKv"),
        Case<MatMul>("epilogue.cuh", "MatMul"),
    ];

    [TestCaseSource(nameof(Structures))]
    public void Host_and_device_agree(string file, string name, Type host)
    {
        var source = new StringBuilder(file.EndsWith(".cuh", StringComparison.Ordinal) ? KernelSet.Headers[file] : KernelSet.Default[Path.GetFileNameWithoutExtension(file)]);
        string[] fields = [.. host.GetFields(BindingFlags.Instance | BindingFlags.Public).Select(field => field.Name)];
        source.Append($"\nextern \"C\" __global__ void offsets({name}* at, u64* offset) {{ offset[0] = sizeof({name});");
        for (int i = 0; i < fields.Length; i++)
            source.Append($" offset[{i + 1}] = (u64)&at->{DeviceName(fields[i])} - (u64)at;");
        CudaContext gpu = TestGpu.Context;
        CompileOptions options = CudaKernels.Options(name, KernelSet.Headers, CudaKernels.Defines(Element.F16)) with { Architecture = "compute_75", Kernels = ["offsets"] };
        using CudaModule module = gpu.Load(TestGpu.Compiler.Compile(source.Append(" }").ToString(), options));
        using DeviceBuffer<ulong> offsets = gpu.Allocate<ulong>(fields.Length + 1);
        module["offsets"].Launch(1, 1, (nint)4096, offsets);
        Assert.That(
            offsets.ToArray(), Is.EqualTo(fields.Select(field => (ulong)Marshal.OffsetOf(host, field)).Prepend((ulong)Marshal.SizeOf(host))));
    }

    private static TestCaseData Case<T>(string file, string name) => new TestCaseData(file, name, typeof(T)).SetArgDisplayNames(name);

    /// <summary>TopK is top_k.</summary>
    private static string DeviceName(string field) =>
        string.Concat(field.Select((c, i) => (i > 0 && char.IsUpper(c) ? "_" : "") + char.ToLowerInvariant(c)));
}

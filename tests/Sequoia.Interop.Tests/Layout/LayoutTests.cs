using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests.Layout;

/// <summary>Numbers and offsets are those of NVIDIA's headers.</summary>
internal sealed class LayoutTests
{
    private static readonly Type[] s_enumerations =
    [
        typeof(CudaResult), typeof(DeviceProperty), typeof(KernelProperty), typeof(PointerProperty), typeof(MemoryKind), typeof(JitOption),
        typeof(CaptureMode), typeof(GraphUpdateOutcome), typeof(NvrtcResult),
    ];

    [Test]
    public void Every_number_is_the_headers()
    {
        foreach (var (ours, name, number, source) in HeaderValues.All)
            Assert.That(Convert.ToInt32(ours, CultureInfo.InvariantCulture), Is.EqualTo(number), $"{name} ({source})");
    }

    [Test]
    public void No_member_is_without_its_row()
    {
        foreach (Type type in s_enumerations)
        {
            Assert.That(
                HeaderValues.All.Where(row => row.Ours.GetType() == type).Select(row => row.Ours.ToString()),
                Is.EquivalentTo(Enum.GetNames(type)),
                type.Name);
            // C enumerations are ints on every platform of CUDA's.
            Assert.That(Enum.GetUnderlyingType(type), Is.EqualTo(typeof(int)));
        }
    }

    // cuda.h, CUgraphExecUpdateResultInfo_st: an enumeration, then two handles aligned to 8 bytes.
    [TestCase(nameof(GraphUpdateResult.Outcome), 0, "CUgraphExecUpdateResultInfo_st.result")]
    [TestCase(nameof(GraphUpdateResult.ErrorNode), 8, "CUgraphExecUpdateResultInfo_st.errorNode")]
    [TestCase(nameof(GraphUpdateResult.ErrorFromNode), 16, "CUgraphExecUpdateResultInfo_st.errorFromNode")]
    public void Every_field_is_where_the_header_puts_it(string field, int offset, string source) =>
        Assert.That((int)Marshal.OffsetOf<GraphUpdateResult>(field), Is.EqualTo(offset), source);

    // cuda.h, CUDA_MEMCPY3D_st (v2): sizes and pointers of 8 bytes, and enumerations of 4, padded.
    [TestCase(nameof(MemoryCopy3D.SourceX), 0, "srcXInBytes")]
    [TestCase(nameof(MemoryCopy3D.SourceY), 8, "srcY")]
    [TestCase(nameof(MemoryCopy3D.SourceZ), 16, "srcZ")]
    [TestCase(nameof(MemoryCopy3D.SourceLevel), 24, "srcLOD")]
    [TestCase(nameof(MemoryCopy3D.SourceKind), 32, "srcMemoryType")]
    [TestCase(nameof(MemoryCopy3D.SourceHost), 40, "srcHost")]
    [TestCase(nameof(MemoryCopy3D.SourceDevice), 48, "srcDevice")]
    [TestCase(nameof(MemoryCopy3D.SourceArray), 56, "srcArray")]
    [TestCase(nameof(MemoryCopy3D.SourceReserved), 64, "reserved0")]
    [TestCase(nameof(MemoryCopy3D.SourcePitch), 72, "srcPitch")]
    [TestCase(nameof(MemoryCopy3D.SourceHeight), 80, "srcHeight")]
    [TestCase(nameof(MemoryCopy3D.TargetX), 88, "dstXInBytes")]
    [TestCase(nameof(MemoryCopy3D.TargetY), 96, "dstY")]
    [TestCase(nameof(MemoryCopy3D.TargetZ), 104, "dstZ")]
    [TestCase(nameof(MemoryCopy3D.TargetLevel), 112, "dstLOD")]
    [TestCase(nameof(MemoryCopy3D.TargetKind), 120, "dstMemoryType")]
    [TestCase(nameof(MemoryCopy3D.TargetHost), 128, "dstHost")]
    [TestCase(nameof(MemoryCopy3D.TargetDevice), 136, "dstDevice")]
    [TestCase(nameof(MemoryCopy3D.TargetArray), 144, "dstArray")]
    [TestCase(nameof(MemoryCopy3D.TargetReserved), 152, "reserved1")]
    [TestCase(nameof(MemoryCopy3D.TargetPitch), 160, "dstPitch")]
    [TestCase(nameof(MemoryCopy3D.TargetHeight), 168, "dstHeight")]
    [TestCase(nameof(MemoryCopy3D.WidthBytes), 176, "WidthInBytes")]
    [TestCase(nameof(MemoryCopy3D.Height), 184, "Height")]
    [TestCase(nameof(MemoryCopy3D.Depth), 192, "Depth")]
    public void Every_field_of_a_copy_is_where_the_header_puts_it(string field, int offset, string source) =>
        Assert.That((int)Marshal.OffsetOf<MemoryCopy3D>(field), Is.EqualTo(offset), source);

    [Test]
    public void Structures_are_as_large_as_the_headers()
    {
        Assert.That(Unsafe.SizeOf<GraphUpdateResult>(), Is.EqualTo(24));
        Assert.That(Unsafe.SizeOf<MemoryCopy3D>(), Is.EqualTo(200));
    }
}

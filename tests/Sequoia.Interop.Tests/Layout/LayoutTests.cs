using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests.Layout;

/// <summary>Numbers and offsets are those of NVIDIA's headers.</summary>
internal sealed class LayoutTests
{
    private static readonly Type[] s_enumerations =
    [
        typeof(CudaResult), typeof(DeviceProperty), typeof(KernelProperty), typeof(PointerProperty), typeof(JitOption), typeof(CaptureMode),
        typeof(GraphUpdateOutcome), typeof(NvrtcResult),
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

    [Test]
    public void Structures_are_as_large_as_the_headers() => Assert.That(Unsafe.SizeOf<GraphUpdateResult>(), Is.EqualTo(24));
}

using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>Kernels that work of other streams can meet, and what the checks say of them.</summary>
public abstract class StreamFixture : DriverFixture
{
    private const string Kernels = """
        .version 8.0
        .target sm_80
        .address_size 64
        // One warp: sums[i] += slot[i].
        .visible .entry accumulate(.param .u64 slot, .param .u64 sums)
        {
            .reg .b32 %r<4>;
            .reg .b64 %d<6>;
            ld.param.u64 %d1, [slot];
            ld.param.u64 %d2, [sums];
            mov.u32 %r1, %tid.x;
            mul.wide.u32 %d3, %r1, 4;
            add.s64 %d4, %d1, %d3;
            add.s64 %d5, %d2, %d3;
            ld.global.u32 %r2, [%d4];
            ld.global.u32 %r3, [%d5];
            add.s32 %r2, %r2, %r3;
            st.global.u32 [%d5], %r2;
            ret;
        }
        // Counts the threads at an address.
        .visible .entry count(.param .u64 counter)
        {
            .reg .b64 %d1;
            ld.param.u64 %d1, [counter];
            red.global.add.u32 [%d1], 1;
            ret;
        }
        """;

    private readonly List<Finding> _findings = [];
    private CudaModule _kernels = null!;

    [SetUp]
    public void Watch()
    {
        _kernels = Load(Kernels);
        _findings.Clear();
        SoftwareDriver.Options = new LaunchOptions { Checks = true };
        SoftwareDriver.Launched += Keep;
    }

    [TearDown]
    public void EndWatch()
    {
        SoftwareDriver.Launched -= Keep;
        _kernels.Dispose();
    }

    private protected void Accumulate(DeviceBuffer<int> slot, DeviceBuffer<int> sums, CudaStream? stream) =>
        _kernels["accumulate"].Launch(1, (int)slot.Length, 0, stream, slot, sums);

    private protected void Count(DeviceBuffer<int> counter, CudaStream? stream) => _kernels["count"].Launch(1, 32, 0, stream, counter);

    /// <summary>The findings since the last call.</summary>
    private protected Finding[] TakeFindings()
    {
        Finding[] taken = [.. _findings];
        _findings.Clear();
        return taken;
    }

    private void Keep(LaunchReport report) => _findings.AddRange(report.Findings);
}

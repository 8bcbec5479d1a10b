using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>A context of the software driver, used through the same types as a real one, with some kernels.</summary>
public abstract class DriverFixture
{
    /// <summary>count numbers at data: add n to each.</summary>
    private protected const string Ptx = """
        .version 8.0
        .target sm_80
        .address_size 64
        .global .align 4 .u32 answer = 42;
        .visible .entry add(.param .u64 data, .param .u32 n, .param .u32 count)
        {
            .reg .pred %p;
            .reg .b32 %r<7>;
            .reg .b64 %d<4>;
            ld.param.u64 %d1, [data];
            ld.param.u32 %r1, [n];
            ld.param.u32 %r6, [count];
            mov.u32 %r2, %ctaid.x;
            mov.u32 %r3, %ntid.x;
            mov.u32 %r4, %tid.x;
            mad.lo.s32 %r4, %r2, %r3, %r4;
            setp.ge.u32 %p, %r4, %r6;
            @%p bra END;
            mul.wide.u32 %d2, %r4, 4;
            add.s64 %d3, %d1, %d2;
            ld.global.u32 %r5, [%d3];
            add.s32 %r5, %r5, %r1;
            st.global.u32 [%d3], %r5;
        END:
            ret;
        }
        .visible .entry stop()
        {
            trap;
        }
        .visible .entry spin()
        {
        AGAIN:
            bra AGAIN;
        }
        .visible .entry narrow() .maxntid 64, 1, 1
        {
            ret;
        }
        """;

    private protected CudaDriver Driver { get; private set; } = null!;

    private protected CudaContext Context { get; private set; } = null!;

    private protected CudaModule Module { get; private set; } = null!;

    [SetUp]
    public void Open()
    {
        Driver = SoftwareDriver.Driver;
        Context = CudaContext.Create(Driver.Devices[0]);
        Module = Load(Ptx);
    }

    [TearDown]
    public void Close()
    {
        SoftwareDriver.Options = new LaunchOptions();
        Module.Dispose();
        Context.Dispose();
    }

    private protected CudaModule Load(string ptx) => Context.Load(System.Text.Encoding.UTF8.GetBytes(ptx));

    private protected DeviceBuffer<int> Numbers(params int[] numbers)
    {
        DeviceBuffer<int> buffer = Context.Allocate<int>(numbers.Length);
        buffer.CopyFrom(numbers);
        return buffer;
    }

    private protected void Add(DeviceBuffer<int> data, int n, CudaStream? stream = null) =>
        Module["add"].Launch((int)((data.Length + 31) / 32), 32, 0, stream, data, n, (int)data.Length);

    private protected static void Fails(CudaResult code, Action call, string words)
    {
        CudaException failure = Assert.Throws<CudaException>(() => call())!;
        Assert.That(failure.Code, Is.EqualTo(code), failure.Message);
        Assert.That(SoftwareDriver.LatestFailure, Does.Contain(words));
    }
}

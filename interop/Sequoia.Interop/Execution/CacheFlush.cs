namespace Sequoia.Interop;

/// <summary>
/// Empties the L2 cache by reading memory. Writing would leave dirty lines, which the next kernel would have to write back while it is timed.
/// </summary>
internal sealed class CacheFlush : IDisposable
{
    // Larger than the cache, because lines are not always evicted in the order of their use.
    private const int Sizes = 4;
    private const int BlockThreads = 256, BlocksPerMultiprocessor = 8, Step = 16;

    private readonly CudaModule _module;
    private readonly CudaKernel _kernel;
    private readonly DeviceBuffer<byte> _data;
    private readonly int _blocks;

    private CacheFlush(CudaContext context, int cacheBytes)
    {
        _data = context.Allocate<byte>((long)Sizes * cacheBytes);
        try
        {
            _module = context.Load(ReadAll);
            _kernel = _module["read_all"];
            _data.FillBytesAsync(0);
        }
        catch
        {
            _module?.Dispose();
            _data.Dispose();
            throw;
        }
        _blocks = BlocksPerMultiprocessor * context.Device[DeviceProperty.MultiprocessorCount];
    }

    // PTX, since a program may have no compiler. Volatile loads are kept although nothing uses what they read.
    private static ReadOnlySpan<byte> ReadAll => """
        .version 6.0
        .target sm_50
        .address_size 64
        .visible .entry read_all(.param .u64 data, .param .u64 bytes)
        {
            .reg .b32 %t<4>, %v<4>;
            .reg .b64 %at, %end, %step, %first;
            .reg .pred %more;
            ld.param.u64 %at, [data];
            ld.param.u64 %end, [bytes];
            cvta.to.global.u64 %at, %at;
            add.u64 %end, %at, %end;
            mov.u32 %t0, %ctaid.x;
            mov.u32 %t1, %ntid.x;
            mov.u32 %t2, %tid.x;
            mov.u32 %t3, %nctaid.x;
            mad.lo.u32 %t0, %t0, %t1, %t2;
            mul.wide.u32 %first, %t0, 16;
            add.u64 %at, %at, %first;
            mul.lo.u32 %t3, %t3, %t1;
            mul.wide.u32 %step, %t3, 16;
        next:
            setp.lt.u64 %more, %at, %end;
            @!%more bra done;
            ld.volatile.global.v4.u32 {%v0, %v1, %v2, %v3}, [%at];
            add.u64 %at, %at, %step;
            bra next;
        done:
            ret;
        }

        """u8;

    /// <summary>A flush for a context's device; null if the device does not report a cache.</summary>
    public static CacheFlush? TryCreate(CudaContext context) =>
        context.Device[DeviceProperty.L2CacheBytes] is > 0 and int bytes ? new CacheFlush(context, bytes) : null;

    public void Launch(CudaStream stream) => _kernel.Launch(_blocks, BlockThreads, 0, stream, _data, _data.Bytes / Step * Step);

    public void Dispose()
    {
        _module.Dispose();
        _data.Dispose();
    }
}

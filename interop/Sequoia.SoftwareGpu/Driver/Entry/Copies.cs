using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Copies and fills.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyHtoD_v2))]
    public static CudaResult cuMemcpyHtoD_v2(ulong to, void* from, nuint bytes) =>
        Guarded(() => CopyNow(Call.Context, to, (ulong)from, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyDtoH_v2))]
    public static CudaResult cuMemcpyDtoH_v2(void* to, ulong from, nuint bytes) =>
        Guarded(() => CopyNow(Call.Context, (ulong)to, from, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyDtoD_v2))]
    public static CudaResult cuMemcpyDtoD_v2(ulong to, ulong from, nuint bytes) =>
        Guarded(() => CopyNow(Call.Context, to, from, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpy))]
    public static CudaResult cuMemcpy(ulong to, ulong from, nuint bytes) => Guarded(() => CopyNow(Call.Context, to, from, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyHtoDAsync_v2))]
    public static CudaResult cuMemcpyHtoDAsync_v2(ulong to, void* from, nuint bytes, nint stream) =>
        Guarded(() => CopyLater(Call.Context.Stream(stream), new Extent(bytes), new Side(to), new Side((ulong)from)));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyDtoHAsync_v2))]
    public static CudaResult cuMemcpyDtoHAsync_v2(void* to, ulong from, nuint bytes, nint stream) =>
        Guarded(() => CopyLater(Call.Context.Stream(stream), new Extent(bytes), new Side((ulong)to), new Side(from)));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyDtoDAsync_v2))]
    public static CudaResult cuMemcpyDtoDAsync_v2(ulong to, ulong from, nuint bytes, nint stream) =>
        Guarded(() => CopyLater(Call.Context.Stream(stream), new Extent(bytes), new Side(to), new Side(from)));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyAsync))]
    public static CudaResult cuMemcpyAsync(ulong to, ulong from, nuint bytes, nint stream) =>
        Guarded(() => CopyLater(Call.Context.Stream(stream), new Extent(bytes), new Side(to), new Side(from)));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpy3DAsync_v2))]
    public static CudaResult cuMemcpy3DAsync_v2(MemoryCopy3D* copy, nint stream) => Guarded(() =>
    {
        MemoryCopy3D asked = *Given(copy);
        if (asked.SourceLevel != 0 || asked.TargetLevel != 0 || asked.SourceReserved != 0 || asked.TargetReserved != 0)
            throw new DriverError(CudaResult.InvalidValue, "levels of detail and reserved fields of a copy must be 0");
        GpuStream queue = Call.Context.Stream(stream);
        var extent = new Extent(asked.WidthBytes, asked.Height, asked.Depth);
        if (extent.Width == 0 || extent.Height == 0 || extent.Depth == 0)
            return;
        Side from = SideOf(
            extent, asked.SourceKind, (ulong)asked.SourceHost, asked.SourceDevice, asked.SourceX, asked.SourceY, asked.SourceZ, asked.SourcePitch, asked.SourceHeight);
        Side to = SideOf(
            extent, asked.TargetKind, (ulong)asked.TargetHost, asked.TargetDevice, asked.TargetX, asked.TargetY, asked.TargetZ, asked.TargetPitch, asked.TargetHeight);
        CopyLater(queue, extent, to, from);
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemsetD8_v2))]
    public static CudaResult cuMemsetD8_v2(ulong to, byte value, nuint count) =>
        Guarded(() => Fill(Call.Context.Legacy, to, value, 1, count));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemsetD32_v2))]
    public static CudaResult cuMemsetD32_v2(ulong to, uint value, nuint count) =>
        Guarded(() => Fill(Call.Context.Legacy, to, value, 4, count));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemsetD8Async))]
    public static CudaResult cuMemsetD8Async(ulong to, byte value, nuint count, nint stream) =>
        Guarded(() => Fill(Call.Context.Stream(stream), to, value, 1, count));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemsetD32Async))]
    public static CudaResult cuMemsetD32Async(ulong to, uint value, nuint count, nint stream) =>
        Guarded(() => Fill(Call.Context.Stream(stream), to, value, 4, count));

    // Host memory that the device does not know is pageable. It is read or written during the call. Like a driver, which stages it, an upload may
    // return before the device has the bytes; only the default stream's order says when.
    private static void CopyNow(Context context, ulong to, ulong from, nuint bytes)
    {
        context.RefuseDuringCapture("a blocking copy");
        context.RefuseImplicitCapture(context.Legacy);
        if (bytes == 0)
            return;
        var extent = new Extent(bytes);
        bool toDevice = IsDevice(to, bytes), fromDevice = IsDevice(from, bytes);
        context.WaitFor(context.Legacy);
        if (toDevice && !fromDevice)
            context.Legacy.Enqueue(Staged(extent, new Side(to), new Side(from)));
        else
            Copy(context.Legacy, extent, new Side(to), toDevice, new Side(from), fromDevice);
    }

    private static void CopyLater(GpuStream stream, Extent extent, Side to, Side from)
    {
        Call.Healthy(stream.Context);
        if (extent.Bytes == 0)
            return;
        bool toDevice = IsDevice(to.Start, extent.SpanOf(to)), fromDevice = IsDevice(from.Start, extent.SpanOf(from));
        if (toDevice && fromDevice)
        {
            stream.Enqueue(new CopyWork(extent, to, from));
        }
        else if (toDevice)
        {
            stream.Enqueue(stream.Capture is null ? Staged(extent, to, from) : new PageableWork(extent, to, from));
        }
        else
        {
            // A driver also waits here, because it has nowhere to store the bytes until later.
            if (stream.Capture is not null)
                throw new DriverError(CudaResult.StreamCaptureUnsupported, "a copy to pageable memory cannot be captured; use pinned memory");
            stream.Context.WaitFor(stream);
            Copy(stream, extent, to, toDevice, from, fromDevice);
        }
    }

    /// <summary>One side of a copy of a box, checked: nothing overflows, and rows and slices do not overlap.</summary>
    private static Side SideOf(Extent extent, MemoryKind kind, ulong host, ulong device, ulong x, ulong y, ulong z, ulong pitch, ulong height)
    {
        const ulong MostPitch = int.MaxValue;
        ulong start = kind switch
        {
            MemoryKind.Host => host,
            MemoryKind.Device or MemoryKind.Unified => device,
            MemoryKind.Array => throw new DriverError(CudaResult.NotSupported, "the software GPU has no arrays"),
            _ => throw new DriverError(CudaResult.InvalidValue, $"{(int)kind} is no kind of memory"),
        };
        if (kind == MemoryKind.Host && Gpu.IsDevice(start))
            throw new DriverError(CudaResult.InvalidValue, $"0x{start:x} is no host address");
        if (kind == MemoryKind.Device && !Gpu.IsDevice(start) && !Call.Gpu.IsKnown(start, 1))
            throw new DriverError(CudaResult.InvalidValue, $"0x{start:x} is no device address");
        if (pitch > MostPitch)
            throw new DriverError(CudaResult.InvalidValue, $"a pitch of {pitch} bytes is over the limit of {MostPitch}");
        if (pitch < x || pitch - x < extent.Width)
            throw new DriverError(CudaResult.InvalidValue, $"rows of {extent.Width} bytes from {x} on do not fit into a pitch of {pitch}");
        // A single slice can leave its height out.
        bool hasHeight = height != 0 || extent.Depth > 1 || z > 0;
        if (hasHeight && (height < y || height - y < extent.Height))
            throw new DriverError(CudaResult.InvalidValue, $"{extent.Height} rows from {y} on do not fit into slices of {height}");
        UInt128 slice = (UInt128)pitch * height, last = ((UInt128)(y + extent.Height) * pitch) + start;
        if (y > ulong.MaxValue - extent.Height || slice > long.MaxValue || z > ulong.MaxValue - extent.Depth || last > ulong.MaxValue
            || last + ((z + extent.Depth) * slice) > ulong.MaxValue)
        {
            throw new DriverError(CudaResult.InvalidValue, "a copy reaches behind the end of all addresses");
        }
        return new Side(start + (z * (ulong)slice) + (y * pitch) + x, pitch, (ulong)slice);
    }

    private static void Fill(GpuStream stream, ulong to, uint value, int width, nuint count)
    {
        Call.Healthy(stream.Context);
        if (count == 0)
            return;
        if (to % (uint)width != 0 || !Call.Gpu.IsKnown(to, (ulong)count * (uint)width))
            throw new DriverError(CudaResult.InvalidValue, $"{count} values of {width} bytes do not lie at 0x{to:x}");
        stream.Enqueue(new FillWork(to, value, width, count));
    }

    private static UploadWork Staged(Extent extent, Side to, Side from)
    {
        byte[] staged = new byte[Span(extent.Bytes)];
        int at = 0;
        foreach ((_, ulong source) in extent.Rows(to, from))
        {
            new ReadOnlySpan<byte>((void*)source, (int)extent.Width).CopyTo(staged.AsSpan(at));
            at += (int)extent.Width;
        }
        return new UploadWork(extent, to, staged);
    }

    /// <summary>Copies at once, as work of a stream that the host waits for.</summary>
    private static void Copy(GpuStream stream, Extent extent, Side to, bool toDevice, Side from, bool fromDevice)
    {
        foreach ((ulong target, ulong source) in extent.Rows(to, from))
        {
            if (toDevice && fromDevice)
                Call.Gpu.Memory.Copy(target, source, extent.Width);
            else if (fromDevice)
                Call.Gpu.Memory.Read(source, new Span<byte>((void*)target, Span(extent.Width)));
            else
                NativeMemory.Copy((void*)source, (void*)target, (nuint)extent.Width);
        }
        Call.Gpu.Check(new Place(stream.Stamp(), stream.Chain), "blocking copy", extent, toDevice ? to : null, fromDevice ? from : null);
        Call.Gpu.WaitedFor(stream.Timeline.Now);
    }

    private static bool IsDevice(ulong address, ulong bytes)
    {
        if (address == 0)
            throw new DriverError(CudaResult.InvalidValue, "an address of the copy is null");
        if (Call.Gpu.IsKnown(address, bytes))
            return true;
        if (Gpu.IsDevice(address))
            throw new DriverError(CudaResult.InvalidValue, $"{bytes} bytes at 0x{address:x} are not, or no longer, one allocation's");
        if (Call.Gpu.Memory.Overlaps(address, bytes))
            throw new DriverError(CudaResult.InvalidValue, $"only a part of the {bytes} bytes at 0x{address:x} is one registration's; copy the parts one by one");
        return false;
    }

    private static int Span(ulong bytes) =>
        bytes <= int.MaxValue ? (int)bytes : throw new DriverError(CudaResult.InvalidValue, "copies from and to pageable memory are limited to 2 GiB each");
}

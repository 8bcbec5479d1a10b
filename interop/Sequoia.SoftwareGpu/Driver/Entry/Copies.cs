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
        Guarded(() => CopyLater(Call.Context.Stream(stream), to, (ulong)from, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyDtoHAsync_v2))]
    public static CudaResult cuMemcpyDtoHAsync_v2(void* to, ulong from, nuint bytes, nint stream) =>
        Guarded(() => CopyLater(Call.Context.Stream(stream), (ulong)to, from, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyDtoDAsync_v2))]
    public static CudaResult cuMemcpyDtoDAsync_v2(ulong to, ulong from, nuint bytes, nint stream) =>
        Guarded(() => CopyLater(Call.Context.Stream(stream), to, from, bytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuMemcpyAsync))]
    public static CudaResult cuMemcpyAsync(ulong to, ulong from, nuint bytes, nint stream) =>
        Guarded(() => CopyLater(Call.Context.Stream(stream), to, from, bytes));

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
        bool toDevice = IsDevice(to, bytes), fromDevice = IsDevice(from, bytes);
        context.SynchronizeLegacy();
        if (toDevice && !fromDevice)
            context.Legacy.Enqueue(Staged(to, from, bytes));
        else
            Copy(to, toDevice, from, fromDevice, bytes);
    }

    private static void CopyLater(GpuStream stream, ulong to, ulong from, nuint bytes)
    {
        Call.Healthy(stream.Context);
        if (bytes == 0)
            return;
        bool toDevice = IsDevice(to, bytes), fromDevice = IsDevice(from, bytes);
        if (toDevice && fromDevice)
        {
            stream.Enqueue(new CopyWork(to, from, bytes));
        }
        else if (toDevice)
        {
            stream.Enqueue(Staged(to, from, bytes));
        }
        else
        {
            // A driver also waits here, because it has nowhere to store the bytes until later.
            if (stream.Capture is not null)
                throw new DriverError(CudaResult.StreamCaptureUnsupported, "a copy to pageable memory cannot be captured; use pinned memory");
            stream.RunAll();
            Copy(to, toDevice, from, fromDevice, bytes);
        }
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

    private static UploadWork Staged(ulong to, ulong from, nuint bytes) => new(to, new ReadOnlySpan<byte>((void*)from, Span(bytes)).ToArray());

    private static void Copy(ulong to, bool toDevice, ulong from, bool fromDevice, nuint bytes)
    {
        if (toDevice && fromDevice)
            Call.Gpu.Memory.Copy(to, from, bytes);
        else if (fromDevice)
            Call.Gpu.Memory.Read(from, new Span<byte>((void*)to, Span(bytes)));
        else
            NativeMemory.Copy((void*)from, (void*)to, bytes);
    }

    private static bool IsDevice(ulong address, nuint bytes)
    {
        if (address == 0)
            throw new DriverError(CudaResult.InvalidValue, "an address of the copy is null");
        if (Call.Gpu.IsKnown(address, bytes))
            return true;
        if (Gpu.IsDevice(address))
            throw new DriverError(CudaResult.InvalidValue, $"{bytes} bytes at 0x{address:x} are not, or no longer, one allocation's");
        return false;
    }

    private static int Span(nuint bytes) =>
        bytes <= int.MaxValue ? (int)bytes : throw new DriverError(CudaResult.InvalidValue, "copies from and to pageable memory are limited to 2 GiB each");
}

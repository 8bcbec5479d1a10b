using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests;

internal static unsafe partial class FakeDriver
{
    [UnmanagedCallersOnly]
    private static CudaResult MemGetInfo(nuint* free, nuint* total)
    {
        (*free, *total) = (1000, 2000);
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemAlloc(ulong* address, nuint bytes)
    {
        if (Note("cuMemAlloc_v2") is var result and not CudaResult.Success)
            return result;
        if (bytes == 0)
            return CudaResult.InvalidValue;
        nint memory = (nint)NativeMemory.Alloc(bytes);
        lock (s_gate)
            s_live.Add(memory, ("memory", Current));
        *address = (ulong)memory;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemFree(ulong address)
    {
        Note("cuMemFree_v2");
        CudaResult result = Drop("memory", (nint)address);
        if (result == CudaResult.Success)
            NativeMemory.Free((void*)address);
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostAlloc(void** address, nuint bytes, uint flags)
    {
        *address = NativeMemory.Alloc(bytes);
        lock (s_gate)
            s_live.Add((nint)(*address), ("pinned", Current));
        return Note("cuMemHostAlloc");
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemFreeHost(void* address)
    {
        NativeMemory.Free(address);
        return Drop("pinned", (nint)address);
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostRegister(void* address, nuint bytes, uint flags)
    {
        if (Note("cuMemHostRegister_v2") is var result and not CudaResult.Success)
            return result;
        lock (s_gate)
            return s_live.TryAdd((nint)address, ("registered", Current)) ? CudaResult.Success : CudaResult.HostMemoryAlreadyRegistered;
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostUnregister(void* address)
    {
        Note("cuMemHostUnregister");
        return Drop("registered", (nint)address);
    }

    [UnmanagedCallersOnly]
    private static CudaResult MemHostDevicePointer(ulong* device, void* host, uint flags)
    {
        *device = (ulong)host;
        return Note("cuMemHostGetDevicePointer_v2");
    }

    [UnmanagedCallersOnly]
    private static CudaResult CopyIn(ulong to, void* from, nuint bytes) => Copy("cuMemcpyHtoD_v2", (void*)to, from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyOut(void* to, ulong from, nuint bytes) => Copy("cuMemcpyDtoH_v2", to, (void*)from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyInAsync(ulong to, void* from, nuint bytes, nint stream) => Copy("cuMemcpyHtoDAsync_v2", (void*)to, from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyOutAsync(void* to, ulong from, nuint bytes, nint stream) => Copy("cuMemcpyDtoHAsync_v2", to, (void*)from, bytes);

    [UnmanagedCallersOnly]
    private static CudaResult CopyAcrossAsync(ulong to, ulong from, nuint bytes, nint stream) =>
        Copy("cuMemcpyDtoDAsync_v2", (void*)to, (void*)from, bytes);

    /// <summary>As the header says: pitches in bytes, heights in rows.</summary>
    [UnmanagedCallersOnly]
    private static CudaResult CopyBox(MemoryCopy3D* copy, nint stream)
    {
        if (Note("cuMemcpy3DAsync_v2") is var result and not CudaResult.Success)
            return result;
        byte* from = copy->SourceKind == MemoryKind.Host ? (byte*)copy->SourceHost : (byte*)copy->SourceDevice;
        for (nuint z = 0; z < copy->Depth; z++)
        {
            for (nuint y = 0; y < copy->Height; y++)
            {
                Buffer.MemoryCopy(
                    from + (((z * copy->SourceHeight) + y) * copy->SourcePitch),
                    (byte*)copy->TargetDevice + (((z * copy->TargetHeight) + y) * copy->TargetPitch),
                    copy->WidthBytes,
                    copy->WidthBytes);
            }
        }
        return CudaResult.Success;
    }

    private static CudaResult Copy(string name, void* to, void* from, nuint bytes)
    {
        if (Note(name) is var result and not CudaResult.Success)
            return result;
        Buffer.MemoryCopy(from, to, bytes, bytes);
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult SetBytes(ulong to, byte value, nuint count, nint stream)
    {
        NativeMemory.Fill((void*)to, count, value);
        return Note("cuMemsetD8Async");
    }

    [UnmanagedCallersOnly]
    private static CudaResult SetWords(ulong to, uint value, nuint count, nint stream)
    {
        new Span<uint>((void*)to, (int)count).Fill(value);
        return Note("cuMemsetD32Async");
    }

    [UnmanagedCallersOnly]
    private static CudaResult PointerGetAttribute(void* value, PointerProperty property, ulong address)
    {
        if (Note("cuPointerGetAttribute") is var result and not CudaResult.Success)
            return result;
        // Every known pointer is the third float of an allocation of 64 bytes.
        *(ulong*)value = property == PointerProperty.RangeStart ? address - 8 : 64;
        return CudaResult.Success;
    }
}

using System.Globalization;
using System.Runtime.CompilerServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Buffers that belong together and are freed together, also when the allocation of one of them fails.</summary>
/// <param name="context">The context that holds the buffers.</param>
/// <param name="what">A readable name of the contents.</param>
/// <param name="areWeights">Whether they are a model's weights, whose size does not depend on the number of tokens.</param>
internal sealed class DeviceParts(CudaContext context, string what, bool areWeights = false) : IDisposable
{
    private readonly List<IDisposable> _parts = [];

    public DeviceBuffer<T> Allocate<T>(long length) where T : unmanaged => Keep(length * Unsafe.SizeOf<T>(), () => context.Allocate<T>(length));

    public DeviceBuffer<T> Upload<T>(T[] elements) where T : unmanaged
    {
        DeviceBuffer<T> buffer = Allocate<T>(elements.Length);
        buffer.CopyFrom(elements);
        return buffer;
    }

    public PinnedBuffer<T> AllocatePinned<T>(int length) where T : unmanaged => Keep((long)length * Unsafe.SizeOf<T>(), () => context.AllocatePinned<T>(length));

    /// <summary>Rejects contents that will not fit, before copying any of them.</summary>
    public void RequireRoom(long bytes)
    {
        long free = context.Memory.Free;
        if (bytes > free)
            throw Shortage(bytes, free);
    }

    public void Dispose()
    {
        foreach (IDisposable part in _parts)
            part.Dispose();
        _parts.Clear();
    }

    /// <summary>A readable name of the device.</summary>
    public static string NameOf(CudaDevice device) => $"{device.Driver.Name} ({device.Name})";

    private T Keep<T>(long bytes, Func<T> make) where T : IDisposable
    {
        try
        {
            T part = make();
            _parts.Add(part);
            return part;
        }
        catch (CudaException e) when (e.Code == CudaResult.OutOfMemory)
        {
            // The free memory when the allocation failed. What would fit is computed after everything is freed again.
            long free = context.Memory.Free;
            Dispose();
            throw Shortage(bytes, free);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private DeviceMemoryException Shortage(long needed, long free)
    {
        string advice = areWeights
            ? string.Create(CultureInfo.InvariantCulture, $"about {context.Memory.Free / sizeof(ushort) / 1e9:0.##} billion parameters would fit")
            : "ask for fewer tokens or a smaller tree";
        return new DeviceMemoryException(NameOf(context.Device), what, needed, free, advice);
    }
}

using Sequoia.Interop;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A buffer on the device between two guards, whose whole contents are known before a launch.</summary>
internal sealed class GuardedBuffer<T> : IDisposable where T : unmanaged, IEquatable<T>
{
    // Keeps what lies between at a multiple of 16 bytes, for any element.
    private const int Guard = 64;

    private readonly DeviceBuffer<T> _data;
    private readonly T[] _before;

    public unsafe GuardedBuffer(CudaContext context, ReadOnlySpan<T> contents, T guard)
    {
        _before = [.. Enumerable.Repeat(guard, Guard), .. contents, .. Enumerable.Repeat(guard, Guard)];
        _data = context.Upload<T>(_before);
        Address = _data.Handle + (Guard * sizeof(T));
    }

    /// <summary>Full of what guards hold.</summary>
    public static GuardedBuffer<T> Filled(CudaContext context, int length, T guard)
    {
        var contents = new T[length];
        Array.Fill(contents, guard);
        return new(context, contents, guard);
    }

    /// <summary>Where the contents begin.</summary>
    public nint Address { get; }

    /// <summary>Puts everything back to what it was first.</summary>
    public void Reset() => _data.CopyFrom(_before);

    /// <summary>The contents now.</summary>
    public T[] ToArray() => _data.ToArray()[Guard..^Guard];

    /// <summary>The first place that changed though it may not; null if none did. Guards never may; they are at negative places and behind the contents.</summary>
    /// <param name="mayChange">For each element of the contents.</param>
    public int? FirstTrespass(Func<int, bool> mayChange)
    {
        T[] now = _data.ToArray();
        for (int i = 0; i < now.Length; i++)
        {
            int place = i - Guard;
            bool isContent = place >= 0 && place < now.Length - (2 * Guard);
            if (!now[i].Equals(_before[i]) && !(isContent && mayChange(place)))
                return place;
        }
        return null;
    }

    /// <summary>The same in words: what was written that is no result.</summary>
    public string? Trespass(string name, Func<int, bool> mayChange) => FirstTrespass(mayChange) is { } place ? $"{name}[{place}] was changed" : null;

    public void Dispose() => _data.Dispose();
}

using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu;

/// <summary>
/// The memory of one software device. Addresses are never reused, so that every use after free is detected. They are outside the range of host
/// addresses, so that registered host memory keeps its own address.
/// </summary>
public sealed unsafe class DeviceMemory : IDisposable
{
    /// <summary>Non-canonical on x64: a host access through a device address faults immediately.</summary>
    internal const ulong FirstAddress = 1UL << 48;
    private const ulong Granularity = 256;
    private const int FreedKept = 4096;

    // Committing memory page by page costs more than copying a model's weights to it.
    private const ulong HugePage = 2 << 20;
    private static readonly delegate* unmanaged<void*, nuint, int, int> Advise =
        OperatingSystem.IsLinux() && NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "madvise", out nint madvise)
            ? (delegate* unmanaged<void*, nuint, int, int>)madvise : null;

    private readonly Lock _lock = new();
    private readonly List<ulong> _starts = [];
    private readonly List<nint> _allocations = [];
    private readonly Queue<(ulong Start, ulong End, int Number)> _freed = new();
    private ulong _next = FirstAddress + Granularity;
    private int _allocated;

    /// <summary>Whether memory was allocated since all memory last counted as written.</summary>
    private volatile bool _hasNew;
    private bool _isDisposed;

    /// <summary>Creates a device memory.</summary>
    /// <param name="budget">The maximum total size of all allocations, in bytes. Memory is committed on first use.</param>
    public DeviceMemory(ulong budget = 4UL << 30) => Budget = budget;

    /// <summary>The maximum total size of all allocations, in bytes.</summary>
    public ulong Budget { get; }

    /// <summary>The number of bytes currently allocated.</summary>
    public ulong Used { get; private set; }

    /// <summary>The byte that fills new allocations, so that reads of them are detected. If null, they are not filled.</summary>
    public byte? Poison { get; set; }

    /// <summary>The lock of launches that check or count. Their shadows belong to the allocations.</summary>
    internal Lock Inspection { get; } = new();

    /// <summary>The number of the last checked launch.</summary>
    internal uint Launches { get; set; }

    /// <summary>The launches that no driver makes.</summary>
    internal LaunchChain Chain { get; } = new();

    /// <summary>The lock of 16-bit atomics.</summary>
    internal Lock ShortAtomics { get; } = new();

    /// <summary>Changes whenever memory is allocated or freed. Caches of allocations check it.</summary>
    internal int Version { get; private set; }

    /// <summary>Allocates memory. The contents are undefined.</summary>
    /// <param name="bytes">The size in bytes, at least 1.</param>
    /// <returns>The device address, a multiple of 256.</returns>
    public ulong Allocate(ulong bytes)
    {
        if (bytes == 0)
            throw new DeviceFault(DeviceFaultKind.InvalidRange, "An allocation needs at least one byte.");
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (bytes > Budget - Used)
            {
                throw new DeviceFault(
                    DeviceFaultKind.OutOfMemory, $"{bytes} bytes are wanted, {Budget - Used} of {Budget} are free.");
            }

            byte* host;
            try
            {
                bool isLarge = bytes >= 2 * HugePage;
                host = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)(isLarge ? HugePage : Granularity));
                const int HugePagesPlease = 14;
                // This is only a hint. The system decides what to do with it.
                if (isLarge && Advise is not null)
                    _ = Advise(host, (nuint)(bytes / HugePage * HugePage), HugePagesPlease);
            }
            catch (OutOfMemoryException)
            {
                throw new DeviceFault(DeviceFaultKind.OutOfMemory, $"The host has no {bytes} bytes left.");
            }

            if (Poison is byte poison)
                NativeMemory.Fill(host, (nuint)bytes, poison);
            ulong start = _next;

            // A red zone on either side: at least one unallocated granule.
            _next = ((start + bytes + Granularity - 1) / Granularity * Granularity) + Granularity;
            Used += bytes;
            Add(new Allocation { Start = start, End = start + bytes, Host = host, Number = ++_allocated });
            return start;
        }
    }

    /// <summary>Lets kernels access host memory at its own address.</summary>
    /// <param name="first">The first byte. It must stay valid until <see cref="Free"/>.</param>
    /// <param name="bytes">The size in bytes.</param>
    public void RegisterHost(void* first, ulong bytes)
    {
        ulong start = (ulong)first;
        if (first is null || bytes == 0 || start + bytes < start)
            throw new DeviceFault(DeviceFaultKind.InvalidRange, "There is no host memory to register.");
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (OverlapsCore(start, bytes))
                throw new DeviceFault(DeviceFaultKind.InvalidRange, $"The host memory at 0x{start:x} is registered already.");
            Add(new Allocation
            {
                Start = start,
                End = start + bytes,
                Host = (byte*)first,
                Number = ++_allocated,
                IsHost = true,
                IsAllWritten = true,
            });
        }
    }

    /// <summary>Whether any byte of a range, of at least one byte, is allocated or registered.</summary>
    internal bool Overlaps(ulong start, ulong bytes)
    {
        lock (_lock)
            return OverlapsCore(start, bytes);
    }

    /// <summary>Frees an allocation, or unregisters host memory.</summary>
    /// <param name="address">The address that <see cref="Allocate"/> returned, or that was registered.</param>
    public void Free(ulong address)
    {
        lock (_lock)
        {
            int index = IndexAfter(address) - 1;
            if (index < 0 || At(index)->Start != address)
                throw new DeviceFault(DeviceFaultKind.InvalidRange, $"0x{address:x} {DescribeCore(address)}; only the start of an allocation can be freed.");
            Allocation* allocation = At(index);
            if (_freed.Count == FreedKept)
                _freed.Dequeue();
            _freed.Enqueue((allocation->Start, allocation->End, allocation->Number));
            if (!allocation->IsHost)
                Used -= allocation->Bytes;
            _starts.RemoveAt(index);
            _allocations.RemoveAt(index);
            Version++;
            Release(allocation);
        }
    }

    /// <summary>Finds the live allocation that contains an address.</summary>
    /// <param name="address">Any address in the allocation.</param>
    /// <param name="start">The first address of the allocation.</param>
    /// <param name="bytes">The size of the allocation, in bytes.</param>
    /// <returns>Whether there is such an allocation.</returns>
    public bool TryFind(ulong address, out ulong start, out ulong bytes)
    {
        lock (_lock)
        {
            Allocation* allocation = FindCore(address);
            start = allocation is null ? 0 : allocation->Start;
            bytes = allocation is null ? 0 : allocation->Bytes;
            return allocation is not null;
        }
    }

    /// <summary>All live allocations, oldest first. Allocations that remain at the end are leaked.</summary>
    public IReadOnlyList<(int Number, ulong Start, ulong Bytes)> LiveAllocations
    {
        get
        {
            lock (_lock)
            {
                List<(int Number, ulong Start, ulong Bytes)> live = [];
                foreach (nint pointer in _allocations)
                {
                    Allocation* allocation = (Allocation*)pointer;
                    live.Add((allocation->Number, allocation->Start, allocation->Bytes));
                }

                live.Sort((a, b) => a.Number.CompareTo(b.Number));
                return live;
            }
        }
    }

    /// <summary>Copies from the device to the host.</summary>
    /// <param name="address">The device address.</param>
    /// <param name="destination">The destination of the bytes.</param>
    public void Read(ulong address, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        Range(address, (ulong)destination.Length, out byte* host);
        new ReadOnlySpan<byte>(host, destination.Length).CopyTo(destination);
    }

    /// <summary>Copies from the host to the device.</summary>
    /// <param name="address">The device address.</param>
    /// <param name="source">The bytes to copy.</param>
    public void Write(ulong address, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            return;
        Allocation* allocation = Range(address, (ulong)source.Length, out byte* host);
        source.CopyTo(new Span<byte>(host, source.Length));
        MarkWritten(allocation, address, (ulong)source.Length);
    }

    /// <summary>Fills memory with a repeated value.</summary>
    /// <param name="address">The device address.</param>
    /// <param name="value">The value. Its low <paramref name="width"/> bytes are used.</param>
    /// <param name="width">The size of the value: 1, 2 or 4 bytes.</param>
    /// <param name="count">The number of values.</param>
    public void Fill(ulong address, uint value, int width, ulong count)
    {
        if (width is not (1 or 2 or 4))
            throw new DeviceFault(DeviceFaultKind.InvalidRange, $"Values of {width} bytes cannot be filled in.");
        if (count == 0)
            return;
        if (count > ulong.MaxValue / (ulong)width)
            throw new DeviceFault(DeviceFaultKind.InvalidRange, $"{count} values are more than any memory holds.");
        ulong bytes = count * (ulong)width;
        Allocation* allocation = Range(address, bytes, out byte* host);
        for (ulong i = 0; i < count; i++)
        {
            if (width == 1)
                host[i] = (byte)value;
            else if (width == 2)
                Marshal.WriteInt16((nint)(host + (2 * i)), (short)value);
            else
                Marshal.WriteInt32((nint)(host + (4 * i)), (int)value);
        }

        MarkWritten(allocation, address, bytes);
    }

    /// <summary>Copies within the device.</summary>
    /// <param name="destination">The address to copy to.</param>
    /// <param name="source">The address to copy from. The two ranges may overlap.</param>
    /// <param name="bytes">The number of bytes.</param>
    public void Copy(ulong destination, ulong source, ulong bytes)
    {
        if (bytes == 0)
            return;
        Allocation* from = Range(source, bytes, out byte* fromHost);
        Allocation* to = Range(destination, bytes, out byte* toHost);
        Buffer.MemoryCopy(fromHost, toHost, (long)bytes, (long)bytes);
        if (from->IsAllWritten)
        {
            MarkWritten(to, destination, bytes);
            return;
        }

        // Unwritten bytes stay unwritten: each copied byte takes the mark of its source.
        ulong first = source - from->Start;
        AddWritten(from);
        for (ulong i = 0; i < bytes; i++)
            Mark(to, destination - to->Start + i, from->Written[first + i] != 0);
    }

    /// <summary>Describes what is at an address.</summary>
    /// <param name="address">Any address.</param>
    /// <returns>A phrase that completes "the address ...".</returns>
    public string Describe(ulong address)
    {
        lock (_lock)
            return DescribeCore(address);
    }

    /// <summary>Frees all memory.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            foreach (nint pointer in _allocations)
                Release((Allocation*)pointer);
            _allocations.Clear();
            _starts.Clear();
            Version++;
        }
    }

    /// <summary>Finds the allocation of an address for a kernel. Returns null if there is none.</summary>
    internal Allocation* Find(ulong address)
    {
        lock (_lock)
            return FindCore(address);
    }

    /// <summary>Zeroes a whole allocation.</summary>
    internal void Zero(ulong address)
    {
        Allocation* allocation = Find(address);
        NativeMemory.Clear(allocation->Host, (nuint)allocation->Bytes);
        allocation->IsAllWritten = true;
    }

    /// <summary>Makes an allocation read-only for kernels (constants).</summary>
    internal void Protect(ulong address) => Find(address)->IsReadOnly = true;

    /// <summary>Marks all memory as written, because a launch without checks does not record its writes.</summary>
    internal void ForgetUnwritten()
    {
        if (!_hasNew)
            return;
        lock (_lock)
        {
            foreach (nint pointer in _allocations)
                ((Allocation*)pointer)->IsAllWritten = true;
            _hasNew = false;
        }
    }

    /// <summary>The number of a freed allocation that held the address, or 0.</summary>
    internal int FreedNumber(ulong address)
    {
        lock (_lock)
            return FreedCore(address).Number;
    }

    /// <summary>Creates an allocation's shadow of written bytes.</summary>
    internal static void AddWritten(Allocation* allocation)
    {
        if (allocation->Written is not null)
            return;
        allocation->Written = (byte*)NativeMemory.AllocZeroed((nuint)allocation->Bytes);
        NativeMemory.Fill(allocation->Written, (nuint)allocation->WrittenPrefix, 1);
    }

    private static void Mark(Allocation* allocation, ulong offset, bool written)
    {
        if (allocation->IsAllWritten)
        {
            // Host writes to host memory are not visible.
            if (written || allocation->IsHost)
                return;
            NativeMemory.Free(allocation->Written);
            allocation->Written = null;
            (allocation->IsAllWritten, allocation->WrittenPrefix) = (false, allocation->Bytes);
        }

        AddWritten(allocation);
        allocation->Written[offset] = written ? (byte)1 : (byte)0;
    }

    private static void MarkWritten(Allocation* allocation, ulong address, ulong bytes)
    {
        if (allocation->IsAllWritten)
            return;
        ulong first = address - allocation->Start;
        if (allocation->Written is null && first <= allocation->WrittenPrefix)
        {
            allocation->WrittenPrefix = Math.Max(allocation->WrittenPrefix, first + bytes);
            allocation->IsAllWritten = allocation->WrittenPrefix == allocation->Bytes;
            return;
        }

        if (bytes == allocation->Bytes)
        {
            allocation->IsAllWritten = true;
            return;
        }

        AddWritten(allocation);
        NativeMemory.Fill(allocation->Written + first, (nuint)bytes, 1);
    }

    private static void Release(Allocation* allocation)
    {
        if (!allocation->IsHost)
            NativeMemory.AlignedFree(allocation->Host);
        NativeMemory.Free(allocation->Written);
        NativeMemory.Free(allocation->Writers);
        NativeMemory.Free(allocation->Launches);
        NativeMemory.Free(allocation->Touched);
        allocation->Reads.Release();
        allocation->Writes.Release();
        allocation->Atomics.Release();
        NativeMemory.Free(allocation);
    }

    private Allocation* At(int index) => (Allocation*)_allocations[index];

    private void Add(Allocation allocation)
    {
        Allocation* pointer = (Allocation*)NativeMemory.Alloc((nuint)sizeof(Allocation));
        *pointer = allocation;
        int index = IndexAfter(allocation.Start);
        _starts.Insert(index, allocation.Start);
        _allocations.Insert(index, (nint)pointer);
        _hasNew = true;
        Version++;
    }

    /// <summary>The index of the first allocation that starts after the address.</summary>
    private int IndexAfter(ulong address)
    {
        int index = _starts.BinarySearch(address);
        return index >= 0 ? index + 1 : ~index;
    }

    private bool OverlapsCore(ulong start, ulong bytes)
    {
        int after = IndexAfter(start + bytes - 1);
        return after > 0 && At(after - 1)->End > start;
    }

    private Allocation* FindCore(ulong address)
    {
        int index = IndexAfter(address) - 1;
        return index >= 0 && address < At(index)->End ? At(index) : null;
    }

    private (ulong Start, ulong End, int Number) FreedCore(ulong address)
    {
        foreach ((ulong Start, ulong End, int Number) range in _freed)
        {
            if (address >= range.Start && address < range.End && FindCore(address) is null)
                return range;
        }

        return default;
    }

    private string DescribeCore(ulong address)
    {
        Allocation* inside = FindCore(address);
        if (inside is not null)
            return $"is at offset {address - inside->Start} of allocation {inside->Number} ({inside->Bytes} bytes)";
        (ulong start, ulong end, int number) = FreedCore(address);
        if (number != 0)
            return $"is at offset {address - start} of allocation {number} ({end - start} bytes), which was freed";
        int index = IndexAfter(address) - 1;
        if (index >= 0 && address - At(index)->End < 1 << 20)
            return $"is {address - At(index)->End} bytes behind the end of allocation {At(index)->Number} ({At(index)->Bytes} bytes)";
        if (index + 1 < _starts.Count && _starts[index + 1] - address < 1 << 20)
            return $"is {_starts[index + 1] - address} bytes before allocation {At(index + 1)->Number} ({At(index + 1)->Bytes} bytes)";
        return address < 4096 ? "is a null pointer" : "is in no allocation";
    }

    private Allocation* Range(ulong address, ulong bytes, out byte* host)
    {
        Allocation* allocation = Find(address);
        if (allocation is null || bytes > allocation->End - address)
            throw new DeviceFault(DeviceFaultKind.InvalidRange, $"{bytes} bytes at 0x{address:x} are wanted, and the address {Describe(address)}.");
        host = allocation->Host + (address - allocation->Start);
        return allocation;
    }
}

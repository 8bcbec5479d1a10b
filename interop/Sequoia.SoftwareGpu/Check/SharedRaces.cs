using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>
/// Finds accesses to shared memory by different warps that no barrier orders, and reads of bytes that the block never wrote. Each warp has a clock,
/// which every barrier advances. It knows the clocks of the other warps as of the last barrier they shared. Each word stores its last writer and
/// its readers since then. A named barrier of some warps orders only those warps, and an mbarrier those that arrive before those that wait.
/// <para>
/// The asynchronous proxy (bulk copies, wgmma) sees writes of ordinary instructions only behind a fence.proxy.async. The fence can be anywhere on
/// the way from the write to the use, so what a warp knows of fences is passed on like what it knows of clocks.
/// </para>
/// </summary>
internal sealed unsafe class SharedRaces
{
    /// <summary>A stamp contains the clock above the bit of the asynchronous proxy and the five bits of the warp.</summary>
    private const int WarpBits = 6;
    private const uint AsyncBit = 32;
    private const uint LastClock = uint.MaxValue >> (WarpBits + 1);

    /// <summary>What a warp knows: the clocks of 32 warps, and the clocks up to which their writes are behind a fence.proxy.async.</summary>
    public const int Knowledge = 64;
    private const int Fenced = 32;

    /// <summary>The number of reads that a warp buffers before they are stored in the cells.</summary>
    private const int NotesKept = 512;

    private readonly int _warps;
    private readonly int _cells;

    /// <summary>A cell is a word. In kernels that store narrower values, it is a byte.</summary>
    private readonly int _cellShift;
    private readonly uint* _writer;
    private readonly uint* _readClock;
    private readonly uint* _readers;

    /// <summary>The clock of warp v's last read of a cell, at [v * cells + cell].</summary>
    private readonly uint* _readAt;

    /// <summary>The number of warps' products that still read a cell. Null before the first product.</summary>
    private ushort* _reading;

    private readonly Note* _log;
    private readonly int[] _notes = new int[32];

    /// <summary>The knowledge of warp v starts at [v * Knowledge].</summary>
    private readonly uint[] _known = new uint[32 * Knowledge];
    private readonly uint[] _clock = new uint[32];

    /// <summary>The lowest clock that a warp knows of any other warp. Everything up to it is ordered.</summary>
    private readonly uint[] _floor = new uint[32];
    private uint _latest;

    /// <summary>Cells with an older writer are not written by this block.</summary>
    private uint _start;

    private struct Note
    {
        public int First;
        public int Count;
        public uint Clock;
    }

    public SharedRaces(int sharedBytes, bool byByte, int warps)
    {
        _warps = warps;
        _cellShift = byByte ? 0 : 2;
        _cells = (sharedBytes >> _cellShift) + 64;
        _writer = (uint*)NativeMemory.AllocZeroed((nuint)_cells, 4);
        _readClock = (uint*)NativeMemory.AllocZeroed((nuint)_cells, 4);
        _readers = (uint*)NativeMemory.AllocZeroed((nuint)_cells, 4);
        _readAt = (uint*)NativeMemory.AllocZeroed((nuint)_cells * (nuint)warps, 4);
        _log = (Note*)NativeMemory.Alloc((nuint)(sizeof(Note) * NotesKept * warps));
    }

    /// <summary>Starts a new block. Everything before is ordered before it.</summary>
    public void Start()
    {
        if (_latest > LastClock - 1000)
        {
            NativeMemory.Clear(_writer, (nuint)_cells * 4);
            NativeMemory.Clear(_readClock, (nuint)_cells * 4);
            NativeMemory.Clear(_readers, (nuint)_cells * 4);
            NativeMemory.Clear(_readAt, (nuint)_cells * (nuint)_warps * 4);
            _latest = 0;
        }

        if (_reading is not null)
            NativeMemory.Clear(_reading, (nuint)_cells * sizeof(ushort));
        Array.Clear(_notes);
        _start = ++_latest;
        Array.Fill(_known, _start);
        _latest++;
        for (int warp = 0; warp < _warps; warp++)
        {
            _clock[warp] = _latest;
            UpdateFloor(warp);
        }
    }

    /// <summary>
    /// Completes a barrier. Each waiting warp then knows what all participants did before. The participants of a whole-block barrier include the
    /// warps that ended, because the barrier waits for them to end.
    /// </summary>
    public void Synchronize(List<Warp> waiting, List<Warp> arrived, bool isWhole)
    {
        Span<uint> joined = stackalloc uint[Knowledge];
        joined.Clear();
        if (isWhole)
        {
            // Every read so far is ordered before everything that follows.
            for (int warp = 0; warp < _warps; warp++)
                Join(Row(warp)[Fenced..], joined[Fenced..]);
            _clock.CopyTo(joined);
            Array.Clear(_notes);
        }
        else
        {
            for (int warp = 0; warp < _warps; warp++)
                Settle(warp);
            Gather(waiting, joined);
            Gather(arrived, joined);
        }

        if (_latest < LastClock)
            _latest++;
        foreach (Warp w in waiting)
        {
            joined.CopyTo(Row(w.Index));
            _clock[w.Index] = _latest;
            UpdateFloor(w.Index);
        }

        foreach (Warp w in arrived)
            _clock[w.Index] = _latest;
    }

    /// <summary>A warp arrives at an mbarrier: what it did and knows becomes known to those who wait for it.</summary>
    public void Release(Warp w, uint[] joined)
    {
        Join(Row(w.Index), joined);
        joined[w.Index] = uint.Max(joined[w.Index], _clock[w.Index]);
        Advance(w.Index);
    }

    /// <summary>A warp has waited for an mbarrier.</summary>
    public void Acquire(Warp w, uint[] joined)
    {
        Settle(w.Index);
        Join(joined, Row(w.Index));
        UpdateFloor(w.Index);
    }

    /// <summary>A fence.proxy.async: all writes that the warp knows of are visible to the asynchronous proxy of whoever learns of the fence.</summary>
    public void FenceProxy(Warp w)
    {
        Span<uint> row = Row(w.Index);
        Join(row[..Fenced], row[Fenced..]);
        row[Fenced + w.Index] = _clock[w.Index];
        Advance(w.Index);
    }

    /// <summary>The clock of what a warp does at this moment and at no other.</summary>
    public uint Moment(Warp w)
    {
        Advance(w.Index);
        uint now = _clock[w.Index];
        Advance(w.Index);
        return now;
    }

    /// <summary>Whether a warp knows what another one did at a clock.</summary>
    public bool Knows(Warp w, int other, uint clock) => w.Index == other || Row(w.Index)[other] >= clock;

    /// <summary>Whether a warp knows that what another one wrote at a clock is behind a fence.proxy.async.</summary>
    public bool KnowsFence(Warp w, int other, uint clock) => Row(w.Index)[Fenced + other] >= clock;

    public void Release()
    {
        NativeMemory.Free(_writer);
        NativeMemory.Free(_readClock);
        NativeMemory.Free(_readers);
        NativeMemory.Free(_readAt);
        NativeMemory.Free(_reading);
        NativeMemory.Free(_log);
    }

    /// <summary>
    /// Processes sixteen cells at a time; the arrays extend past the last cell. Readers are only buffered: usually a barrier precedes the next
    /// write and makes the buffer obsolete.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Read(Warp w, Inst* i, ulong offset, uint length)
    {
        int first = (int)(offset >> _cellShift), count = Cells(offset, length);
        Vector512<uint> floor = Vector512.Create(_floor[w.Index]), self = Vector512.Create((uint)w.Index);
        Vector512<uint> start = Vector512.Create(_start << WarpBits), warp = Vector512.Create(31u);
        for (int k = 0; k < count; k += 16)
        {
            Vector512<uint> stamp = Vector512.Load(_writer + first + k);
            Vector512<uint> isWrong = Vector512.LessThan(stamp, start)
                | (Vector512.GreaterThan(stamp >> WarpBits, floor) & ~Vector512.Equals(stamp & warp, self));
            if (isWrong == Vector512<uint>.Zero)
                continue;
            Vector512<uint> inRange = Vector512.LessThan(Vector512<uint>.Indices, Vector512.Create((uint)(count - k)));
            if ((isWrong & inRange) != Vector512<uint>.Zero)
                ExamineRead(w, i, first + k, int.Min(16, count - k));
        }

        if (_notes[w.Index] == NotesKept)
            Settle(w.Index);
        _log[(w.Index * NotesKept) + _notes[w.Index]++] = new Note { First = first, Count = count, Clock = _clock[w.Index] };
    }

    public void Write(Warp w, Inst* i, ulong offset, uint length, Access access) =>
        Write(w, i, offset, length, access, (_clock[w.Index] << WarpBits) | (uint)w.Index);

    /// <summary>A product begins to read: nobody may write before it ends.</summary>
    public void BeginRead(Warp w, Inst* i, ulong offset, uint length)
    {
        CheckFences(w, i, offset, length);
        Read(w, i, offset, length);
        if (_reading is null)
            _reading = (ushort*)NativeMemory.AllocZeroed((nuint)_cells, sizeof(ushort));
        foreach (ref ushort count in Reading(offset, length))
            count++;
    }

    /// <summary>A product has read.</summary>
    public void EndRead(Warp w, Inst* i, ulong offset, uint length)
    {
        foreach (ref ushort count in Reading(offset, length))
            count--;
        Read(w, i, offset, length);
    }

    /// <summary>Bulk copies write. Returns the clock of the write, which is for the copy's mbarrier alone to make known.</summary>
    public uint WriteAsync(Warp w, Inst* i, ulong offset, uint length)
    {
        uint clock = Moment(w);
        CheckFences(w, i, offset, length);
        Write(w, i, offset, length, Access.Write, (clock << WarpBits) | AsyncBit | (uint)w.Index);
        return clock;
    }

    /// <inheritdoc cref="Read"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Write(Warp w, Inst* i, ulong offset, uint length, Access access, uint stamped)
    {
        for (int warp = 0; warp < _warps; warp++)
        {
            if (warp != w.Index && _notes[warp] != 0)
                Settle(warp);
        }

        int first = (int)(offset >> _cellShift), count = Cells(offset, length);
        if (_reading is not null && Reading(offset, length).IndexOfAnyExcept((ushort)0) is >= 0 and var read)
            ReportReading(w, i, first + read);
        Vector512<uint> floor = Vector512.Create(_floor[w.Index]), self = Vector512.Create((uint)w.Index);
        Vector512<uint> others = Vector512.Create(~(1u << w.Index));
        Vector512<uint> mark = Vector512.Create(stamped);
        for (int k = 0; k < count; k += 16)
        {
            uint* writer = _writer + first + k;
            Vector512<uint> inRange = Vector512.LessThan(Vector512<uint>.Indices, Vector512.Create((uint)(count - k)));
            Vector512<uint> stamp = Vector512.Load(writer);
            Vector512<uint> afterWrite = Vector512.GreaterThan(stamp >> WarpBits, floor)
                & ~Vector512.Equals(stamp & Vector512.Create(31u), self) & inRange;
            if (afterWrite != Vector512<uint>.Zero)
                CheckWriters(w, i, first + k, int.Min(16, count - k), access);
            Vector512<uint> afterRead = Vector512.GreaterThan(Vector512.Load(_readClock + first + k), floor)
                & ~Vector512.Equals(Vector512.Load(_readers + first + k) & others, Vector512<uint>.Zero) & inRange;
            if (afterRead != Vector512<uint>.Zero)
                CheckReaders(w, i, first + k, int.Min(16, count - k), access);
            Vector512.ConditionalSelect(inRange, mark, stamp).Store(writer);
        }
    }

    /// <summary>An atomic reads and writes. It races with nothing, because the kernel decides what it orders.</summary>
    public void Update(Warp w, Inst* i, ulong offset, uint length)
    {
        int first = (int)(offset >> _cellShift), count = Cells(offset, length);
        for (int cell = first; cell < first + count; cell++)
        {
            if (_writer[cell] >> WarpBits >= _start)
                continue;
            ReportUnwritten(w, i, cell, 1);
            _writer[cell] = _start << WarpBits;
        }
    }

    private int Cells(ulong offset, uint length) =>
        (int)((offset + length - 1) >> _cellShift) - (int)(offset >> _cellShift) + 1;

    private void Gather(List<Warp> warps, Span<uint> joined)
    {
        foreach (Warp w in warps)
        {
            Join(Row(w.Index), joined);
            joined[w.Index] = uint.Max(joined[w.Index], _clock[w.Index]);
        }
    }

    private Span<uint> Row(int warp) => _known.AsSpan(warp * Knowledge, Knowledge);

    private static void Join(ReadOnlySpan<uint> from, Span<uint> to)
    {
        for (int k = 0; k < to.Length; k++)
            to[k] = uint.Max(to[k], from[k]);
    }

    private void Advance(int warp)
    {
        if (_latest < LastClock)
            _latest++;
        _clock[warp] = _latest;
    }

    private void UpdateFloor(int warp)
    {
        uint floor = uint.MaxValue;
        for (int other = 0; other < _warps; other++)
        {
            if (other != warp)
                floor = uint.Min(floor, Row(warp)[other]);
        }

        // A single warp is ordered with itself.
        _floor[warp] = _warps == 1 ? _clock[warp] : floor;
    }

    private void ExamineRead(Warp w, Inst* i, int first, int count)
    {
        for (int cell = first; cell < first + count; cell++)
        {
            if (_writer[cell] >> WarpBits < _start)
            {
                ReportUnwritten(w, i, cell, 1);
                break;
            }
        }

        CheckWriters(w, i, first, count, Access.Read);
    }

    /// <summary>Stores a warp's buffered reads in the cells.</summary>
    private void Settle(int warp)
    {
        uint own = 1u << warp, floor = _floor[warp];
        for (int k = 0; k < _notes[warp]; k++)
        {
            Note note = _log[(warp * NotesKept) + k];
            for (int cell = note.First; cell < note.First + note.Count; cell++)
            {
                _readers[cell] = _readClock[cell] <= floor ? own : _readers[cell] | own;
                _readClock[cell] = uint.Max(note.Clock, _readClock[cell]);
                _readAt[((long)warp * _cells) + cell] = note.Clock;
            }
        }

        _notes[warp] = 0;
    }

    private void ReportUnwritten(Warp w, Inst* i, int first, int count)
    {
        int cell = first;
        while (cell < first + count - 1 && _writer[cell] >> WarpBits >= _start)
            cell++;
        ulong offset = (ulong)cell << _cellShift;
        w.Executor.Report(FindingKind.UninitializedShared, w, i, Checker.LaneAt(w, i, offset), $"reads shared offset {offset}, which this block has not written");
    }

    private void CheckWriters(Warp w, Inst* i, int first, int count, Access access)
    {
        for (int cell = first; cell < first + count; cell++)
        {
            int writer = (int)(_writer[cell] & 31);
            if (!Knows(w, writer, _writer[cell] >> WarpBits))
            {
                Report(w, i, cell, writer, access, "wrote");
                return;
            }
        }
    }

    private void CheckReaders(Warp w, Inst* i, int first, int count, Access access)
    {
        for (int cell = first; cell < first + count; cell++)
        {
            for (int reader = 0; reader < _warps; reader++)
            {
                if ((_readers[cell] >> reader & 1) != 0 && !Knows(w, reader, _readAt[((long)reader * _cells) + cell]))
                {
                    Report(w, i, cell, reader, access, "read");
                    return;
                }
            }
        }
    }

    private Span<ushort> Reading(ulong offset, uint length) => new(_reading + (offset >> _cellShift), Cells(offset, length));

    private void ReportReading(Warp w, Inst* i, int cell)
    {
        int lane = Checker.LaneAt(w, i, (ulong)cell << _cellShift);
        w.Executor.Report(FindingKind.SharedRace, w, i, lane, $"writes shared offset {cell << _cellShift}, which a wgmma reads that has not been waited for");
    }

    private void CheckFences(Warp w, Inst* i, ulong offset, uint length)
    {
        int first = (int)(offset >> _cellShift), count = Cells(offset, length);
        for (int cell = first; cell < first + count; cell++)
        {
            uint stamp = _writer[cell], clock = stamp >> WarpBits;
            if ((stamp & AsyncBit) != 0 || clock <= _start || KnowsFence(w, (int)(stamp & 31), clock))
                continue;
            w.Executor.Report(FindingKind.MissingFence, w, i, Checker.LaneAt(w, i, (ulong)cell << _cellShift),
                $"uses shared offset {cell << _cellShift}, which warp {stamp & 31} wrote with no fence.proxy.async between");
            return;
        }
    }

    private void Report(Warp w, Inst* i, int cell, int other, Access access, string did)
    {
        string verb = access == Access.Read ? "reads" : "writes";
        int lane = Checker.LaneAt(w, i, (ulong)cell << _cellShift);
        w.Executor.Report(FindingKind.SharedRace, w, i, lane, $"{verb} shared offset {cell << _cellShift}, which warp {other} {did} with no barrier between");
    }
}

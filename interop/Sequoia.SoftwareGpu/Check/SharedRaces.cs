using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>
/// Finds accesses to shared memory by different warps that no barrier orders, and reads of bytes that the block never wrote. Each warp has a clock,
/// which every barrier advances. It knows the clocks of the other warps as of the last barrier they shared. Each word stores its last writer and
/// its readers since then. A named barrier of some warps orders only those warps.
/// </summary>
internal sealed unsafe class SharedRaces
{
    /// <summary>A stamp contains the clock above the five bits of the warp.</summary>
    private const int WarpBits = 5;
    private const uint LastClock = uint.MaxValue >> (WarpBits + 1);

    /// <summary>The number of reads that a warp buffers before they are stored in the cells.</summary>
    private const int NotesKept = 512;

    private readonly int _warps;
    private readonly int _cells;

    /// <summary>A cell is a word. In kernels that store narrower values, it is a byte.</summary>
    private readonly int _cellShift;
    private readonly uint* _writer;
    private readonly uint* _readClock;
    private readonly uint* _readers;

    private readonly Note* _log;
    private readonly int[] _notes = new int[32];

    /// <summary>The value that warp v knows of warp u's clock, at [v * 32 + u].</summary>
    private readonly uint[] _known = new uint[32 * 32];
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
            _latest = 0;
        }

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
        Span<uint> joined = stackalloc uint[32];
        joined.Clear();
        if (isWhole)
        {
            // Every read so far is ordered before everything that follows.
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
            joined.CopyTo(_known.AsSpan(w.Index * 32, 32));
            _clock[w.Index] = _latest;
            UpdateFloor(w.Index);
        }

        foreach (Warp w in arrived)
            _clock[w.Index] = _latest;
    }

    public void Release()
    {
        NativeMemory.Free(_writer);
        NativeMemory.Free(_readClock);
        NativeMemory.Free(_readers);
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

    /// <inheritdoc cref="Read"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(Warp w, Inst* i, ulong offset, uint length, Access access)
    {
        for (int warp = 0; warp < _warps; warp++)
        {
            if (warp != w.Index && _notes[warp] != 0)
                Settle(warp);
        }

        int first = (int)(offset >> _cellShift), count = Cells(offset, length);
        Vector512<uint> floor = Vector512.Create(_floor[w.Index]), self = Vector512.Create((uint)w.Index);
        Vector512<uint> others = Vector512.Create(~(1u << w.Index));
        Vector512<uint> mark = Vector512.Create((_clock[w.Index] << WarpBits) | (uint)w.Index);
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
            for (int other = 0; other < 32; other++)
                joined[other] = uint.Max(joined[other], _known[(w.Index * 32) + other]);
            joined[w.Index] = uint.Max(joined[w.Index], _clock[w.Index]);
        }
    }

    private void UpdateFloor(int warp)
    {
        uint floor = uint.MaxValue;
        for (int other = 0; other < _warps; other++)
        {
            if (other != warp)
                floor = uint.Min(floor, _known[(warp * 32) + other]);
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
            if (writer != w.Index && _known[(w.Index * 32) + writer] < _writer[cell] >> WarpBits)
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
                bool isReader = reader != w.Index && (_readers[cell] >> reader & 1) != 0;
                if (isReader && _known[(w.Index * 32) + reader] < uint.Min(_readClock[cell], _clock[reader]))
                {
                    Report(w, i, cell, reader, access, "read");
                    return;
                }
            }
        }
    }

    private void Report(Warp w, Inst* i, int cell, int other, Access access, string did)
    {
        string verb = access == Access.Read ? "reads" : "writes";
        int lane = Checker.LaneAt(w, i, (ulong)cell << _cellShift);
        w.Executor.Report(FindingKind.SharedRace, w, i, lane, $"{verb} shared offset {cell << _cellShift}, which warp {other} {did} with no barrier between");
    }
}

using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>What an access to global memory means for the order of others.</summary>
internal enum Ordering
{
    /// <summary>A plain access.</summary>
    None,

    /// <summary>An atomic, volatile, relaxed or acquiring access: it publishes writes if a fence came before it.</summary>
    Synchronizing,

    /// <summary>The same with a release at device scope: a fence of its own.</summary>
    Release,
}

/// <summary>
/// Finds words of global memory that one block of a launch writes and another block reads or writes, without a fence and an atomic or volatile
/// access, or a releasing access, in between. Each word stores the ticket of its last writer. A ticket covers one block's writes between two fences. The block's first
/// synchronizing access after the fence publishes it.
/// </summary>
internal sealed unsafe class GlobalRaces(Launch launch)
{
    private readonly List<Ticket> _tickets = [new Ticket()];
    private readonly Dictionary<long, BlockClock> _blocks = [];
    private readonly HashSet<nint> _shadowed = [];
    private long _time = 1;

    private struct Ticket
    {
        public long Block;

        /// <summary>The time from which other blocks can know of these writes, or never.</summary>
        public long Published;
    }

    private sealed class BlockClock
    {
        public uint Current { get; set; }

        /// <summary>Tickets before a fence that are not yet published.</summary>
        public List<uint> Fenced { get; } = [];

        /// <summary>The time at which the block last saw what others published.</summary>
        public long Acquired { get; set; }
    }

    /// <summary>A fence of device scope.</summary>
    public void Fence(Block block)
    {
        BlockClock clock = ClockOf(block);
        if (clock.Current != 0)
            clock.Fenced.Add(clock.Current);
        clock.Current = 0;
    }

    /// <summary>What an access means for others. It follows the access.</summary>
    public void Order(Block block, Ordering ordering)
    {
        if (ordering == Ordering.Release)
            Fence(block);
        if (ordering != Ordering.None)
            Synchronize(block);
    }

    /// <summary>Publishes fenced tickets and acquires what others published.</summary>
    private void Synchronize(Block block)
    {
        BlockClock clock = ClockOf(block);
        _time++;
        foreach (uint ticket in clock.Fenced)
            CollectionsMarshal.AsSpan(_tickets)[(int)ticket].Published = _time;
        clock.Fenced.Clear();
        clock.Acquired = _time;
    }

    public void Access(Warp w, Inst* i, int lane, Allocation* allocation, ulong address, uint length, bool isWrite)
    {
        if (launch.Blocks == 1)
            return;
        BlockClock clock = ClockOf(w.Block);
        ulong offset = address - allocation->Start;
        ulong first = offset >> 2, last = (offset + length - 1) >> 2;
        if (allocation->Writers is null)
        {
            if (!isWrite)
                return;
            Shadow(allocation);
        }

        uint* writers = allocation->Writers;
        uint own = isWrite ? OwnTicket(w.Block, clock) : 0;
        uint seen = 0;
        for (ulong word = first; word <= last; word++)
        {
            uint ticket = writers[word];

            // Neighboring words usually have one writer, so its result is cached.
            if (ticket != 0 && ticket != seen)
            {
                seen = ticket;
                if (!IsOrdered(ticket, w.Block.Number, clock))
                    Report(w, i, lane, allocation, word << 2, _tickets[(int)ticket].Block, isWrite);
            }

            if (isWrite)
                writers[word] = own;
        }
    }

    public void Retire(Block block) => _blocks.Remove(block.Number);

    public void Release()
    {
        foreach (nint pointer in _shadowed)
        {
            Allocation* allocation = (Allocation*)pointer;
            NativeMemory.Free(allocation->Writers);
            allocation->Writers = null;
        }
    }

    private bool IsOrdered(uint ticket, long block, BlockClock clock)
    {
        Ticket writer = _tickets[(int)ticket];
        return writer.Block == block || (writer.Published != 0 && writer.Published <= clock.Acquired);
    }

    private void Shadow(Allocation* allocation)
    {
        allocation->Writers = (uint*)NativeMemory.AllocZeroed((nuint)((allocation->Bytes + 3) / 4), 4);
        _shadowed.Add((nint)allocation);
    }

    private uint OwnTicket(Block block, BlockClock clock)
    {
        if (clock.Current == 0)
        {
            clock.Current = (uint)_tickets.Count;
            _tickets.Add(new Ticket { Block = block.Number });
        }

        return clock.Current;
    }

    private BlockClock ClockOf(Block block)
    {
        if (!_blocks.TryGetValue(block.Number, out BlockClock? clock))
            _blocks[block.Number] = clock = new BlockClock();
        return clock;
    }

    private void Report(Warp w, Inst* i, int lane, Allocation* allocation, ulong offset, long other, bool isWrite)
    {
        (uint x, uint y, uint z) = launch.PositionOf(other);
        w.Executor.Report(
            FindingKind.GlobalRace, w, i, lane, $"{(isWrite ? "writes" : "reads")} offset {offset} of allocation {allocation->Number}, which block ({x}, {y}, {z}) wrote in this launch without synchronisation");
    }
}

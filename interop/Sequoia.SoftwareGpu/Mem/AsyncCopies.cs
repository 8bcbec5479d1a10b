using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// The pending cp.async copies of a warp. Each thread has its own groups. Copies run when a wait requires them, which is the latest legal moment. A
/// kernel that omits the wait, or the barrier after it, therefore reads old data every time instead of rarely.
/// </summary>
internal sealed unsafe class AsyncCopies
{
    private readonly List<Copy> _copies = [];
    private readonly int[] _committed = new int[32];

    private struct Copy
    {
        public byte* From;
        public ulong To;
        public int Size;

        /// <summary>The number of bytes to read. The rest is filled with zeros.</summary>
        public int Read;
        public int Lane;

        /// <summary>The group that the copy belongs to once its lane commits.</summary>
        public int Group;
    }

    public void Clear()
    {
        _copies.Clear();
        Array.Clear(_committed);
    }

    public void Add(byte* from, ulong to, int size, int read, int lane) =>
        _copies.Add(new Copy { From = from, To = to, Size = size, Read = read, Lane = lane, Group = _committed[lane] });

    public void Commit(uint lanes)
    {
        for (int lane = 0; lane < 32; lane++)
            _committed[lane] += (int)(lanes >> lane & 1);
    }

    /// <summary>Runs all but the newest groups of the lanes. If the number is negative, runs all copies, committed or not.</summary>
    public void Wait(Warp w, uint lanes, int newest)
    {
        int kept = 0;
        for (int k = 0; k < _copies.Count; k++)
        {
            Copy copy = _copies[k];
            bool isDue = (lanes >> copy.Lane & 1) != 0 && (newest < 0 || copy.Group < _committed[copy.Lane] - newest);
            if (isDue)
                Perform(w, copy);
            else
                _copies[kept++] = copy;
        }

        _copies.RemoveRange(kept, _copies.Count - kept);
    }

    private static void Perform(Warp w, Copy copy)
    {
        byte* to = w.Shared + copy.To;
        new ReadOnlySpan<byte>(copy.From, copy.Read).CopyTo(new Span<byte>(to, copy.Read));
        new Span<byte>(to + copy.Read, copy.Size - copy.Read).Clear();
        w.Block.Pending?.MarkArrived(copy.To, (uint)copy.Size);
    }
}

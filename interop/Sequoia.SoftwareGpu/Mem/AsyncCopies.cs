using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// The pending cp.async copies of a warp, in groups. They are performed when a wait demands it, the latest moment that
/// is legal: a kernel that forgets the wait, or the barrier after it, reads old data every time instead of rarely.
/// </summary>
internal sealed unsafe class AsyncCopies
{
    private readonly List<Copy> _copies = [];

    /// <summary>How many copies belong to each committed group, the oldest first.</summary>
    private readonly Queue<int> _groups = new();
    private int _uncommitted;

    private struct Copy
    {
        public byte* From;
        public ulong To;
        public int Size;

        /// <summary>Bytes to read; the rest is filled with zeros.</summary>
        public int Read;
        public int Lane;
    }

    public void Clear()
    {
        _copies.Clear();
        _groups.Clear();
        _uncommitted = 0;
    }

    public void Add(byte* from, ulong to, int size, int read, int lane)
    {
        _copies.Add(new Copy { From = from, To = to, Size = size, Read = read, Lane = lane });
        _uncommitted++;
    }

    public void Commit()
    {
        _groups.Enqueue(_uncommitted);
        _uncommitted = 0;
    }

    /// <summary>Performs all groups but the newest ones.</summary>
    public void Wait(Warp w, int newest)
    {
        int count = 0;
        while (_groups.Count > newest)
            count += _groups.Dequeue();
        Perform(w, count);
    }

    public void WaitAll(Warp w)
    {
        _groups.Clear();
        _uncommitted = 0;
        Perform(w, _copies.Count);
    }

    /// <summary>An access to bytes that one of the warp's own pending copies will write.</summary>
    public static void CheckPending(Warp w, Inst* i, int lane, ulong offset, uint length, Access access)
    {
        if (w.Copies is not { _copies.Count: > 0 } copies)
            return;
        foreach (Copy copy in copies._copies)
        {
            if (copy.To < offset + length && offset < copy.To + (ulong)copy.Size)
            {
                string verb = access == Access.Read ? "reads" : "writes";
                w.Executor.Report(FindingKind.PendingAsyncCopy, w, i, int.Max(lane, 0), $"{verb} shared offset {copy.To}, into which an asynchronous copy of lane {copy.Lane} is still pending");
                return;
            }
        }
    }

    private void Perform(Warp w, int count)
    {
        for (int k = 0; k < count; k++)
        {
            Copy copy = _copies[k];
            byte* to = w.Shared + copy.To;
            new ReadOnlySpan<byte>(copy.From, copy.Read).CopyTo(new Span<byte>(to, copy.Read));
            new Span<byte>(to + copy.Read, copy.Size - copy.Read).Clear();
        }

        _copies.RemoveRange(0, count);
    }
}

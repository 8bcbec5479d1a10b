using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// The bulk copies of a block that are under way. From its issue to its landing the target of a copy holds poison. A copy lands when no warp can run
/// and one waits for it, which is the latest legal moment, so a missing wait reads poison every time; random schedules also land copies early.
/// </summary>
internal sealed unsafe class BulkCopies(Block block)
{
    private const byte Poison = 0xFF;

    private readonly List<Copy> _copies = [];

    private struct Copy
    {
        public byte* From;
        public ulong To;
        public int Size;
        public MBarrier Barrier;
        public Warp Issuer;
        public Inst* Inst;
        public int Lane;

        /// <summary>The clock of the copy's writes.</summary>
        public uint Clock;
    }

    public int Count => _copies.Count;

    public void Clear() => _copies.Clear();

    public void Add(Warp w, Inst* i, int lane, byte* from, ulong to, int size, MBarrier barrier)
    {
        uint clock = block.Races?.WriteAsync(w, i, to, (uint)size) ?? 0;
        block.Pending?.MarkPending(to, (uint)size);
        new Span<byte>(w.Shared + to, size).Fill(Poison);
        _copies.Add(new Copy { From = from, To = to, Size = size, Barrier = barrier, Issuer = w, Inst = i, Lane = lane, Clock = clock });
    }

    /// <summary>Lands one copy, picked by a number.</summary>
    public void Land(ulong pick) => LandAt((int)(pick % (ulong)_copies.Count));

    /// <summary>Lands all copies of an mbarrier.</summary>
    public void Land(MBarrier barrier)
    {
        for (int k = 0; k < _copies.Count; k++)
        {
            if (_copies[k].Barrier == barrier)
                LandAt(k--);
        }
    }

    /// <summary>Lands one copy that a warp waits for, from a picked one on. Returns false if there is none.</summary>
    public bool TryLandAwaited(ulong pick)
    {
        for (int k = 0; k < _copies.Count; k++)
        {
            int at = (int)((pick + (ulong)k) % (ulong)_copies.Count);
            if (!_copies[at].Barrier.IsAwaited)
                continue;
            LandAt(at);
            return true;
        }

        return false;
    }

    /// <summary>The block has ended: its shared memory belongs to another one.</summary>
    public void ReportAbandoned()
    {
        foreach (Copy copy in _copies)
            copy.Issuer.Executor.Report(FindingKind.PendingAsyncCopy, copy.Issuer, copy.Inst, copy.Lane, "is still under way when the block ends");
    }

    private void LandAt(int index)
    {
        Copy copy = _copies[index];
        _copies.RemoveAt(index);
        new ReadOnlySpan<byte>(copy.From, copy.Size).CopyTo(new Span<byte>(copy.Issuer.Shared + copy.To, copy.Size));
        block.Pending?.MarkArrived(copy.To, (uint)copy.Size);
        uint[] arrived = copy.Barrier.Arrived;
        arrived[copy.Issuer.Index] = uint.Max(arrived[copy.Issuer.Index], copy.Clock);
        copy.Barrier.Bytes -= copy.Size;
        block.MBarriers.Update(copy.Barrier);
    }
}

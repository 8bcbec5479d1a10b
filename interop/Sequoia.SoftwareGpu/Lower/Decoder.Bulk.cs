using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeBulkCopy()
    {
        bool isPrefetch = _opcode.Take("prefetch");
        if (isPrefetch)
            _opcode.Require("L2");
        else if (_opcode.TakeAny("shared::cluster", "shared::cta").Length == 0)
            throw _opcode.Unknown();
        _opcode.Require("global");
        if (!isPrefetch)
            _opcode.Require("mbarrier::complete_tx::bytes");
        int hints = _opcode.Take("L2::cache_hint") ? 1 : 0;
        _opcode.End();
        Count((isPrefetch ? 2 : 4) + hints);
        int source = isPrefetch ? 0 : 1;
        (Value from, long fromOffset, bool fromWide) = Address(source, StateSpace.Global);
        if (!fromWide || fromOffset is < int.MinValue or > int.MaxValue)
            throw _instruction.Error("this address is not supported");
        if (isPrefetch)
            return new Op { Run = H(&BulkCopyOps.Prefetch), B = from, C = Source(1, PtxType.U32), Immediate = fromOffset << 32 };
        (Value to, long toOffset, bool toWide) = Address(0, StateSpace.Shared);
        (Value barrier, long barrierOffset, bool barrierWide) = Address(3, StateSpace.Shared);
        if (toWide != barrierWide || toOffset is < int.MinValue or > int.MaxValue || barrierOffset is < int.MinValue or > int.MaxValue)
            throw _instruction.Error("these addresses are not supported");
        return new Op
        {
            Run = toWide ? BulkHandler<Wide>() : BulkHandler<Narrow>(),
            A = to,
            B = from,
            C = Source(2, PtxType.U32),
            RawE = (int)barrierOffset,
            Extra = [barrier],
            Immediate = (fromOffset << 32) | (uint)toOffset,
            Memos = 1,
        };
    }

    private Handler BulkHandler<TWidth>()
        where TWidth : struct, IAddressWidth => (variant.Checks, variant.Counts) switch
        {
            (false, false) => H(&BulkCopyOps.Issue<TWidth, Bare>),
            (true, false) => H(&BulkCopyOps.Issue<TWidth, Checked>),
            (false, true) => H(&BulkCopyOps.Issue<TWidth, Counted>),
            (true, true) => H(&BulkCopyOps.Issue<TWidth, CheckedCounted>),
        };
}

using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeMBarrier()
    {
        string operation = _opcode.TakeAny("init", "inval", "arrive", "expect_tx", "test_wait", "try_wait");
        return operation switch
        {
            "init" or "inval" => DecodeMBarrierInit(operation == "init"),
            "arrive" or "expect_tx" => DecodeMBarrierArrive(operation == "arrive"),
            "test_wait" or "try_wait" => DecodeMBarrierWait(operation == "try_wait"),
            _ => throw _opcode.Unknown(),
        };
    }

    private Op DecodeMBarrierInit(bool isInit)
    {
        MBarrierSpace();
        Count(isInit ? 2 : 1);
        (Value address, long offset, bool wide) = Address(0, StateSpace.Shared);
        return new Op
        {
            Run = (isInit, wide) switch
            {
                (true, true) => H(&MBarrierOps.Initialize<Wide>),
                (true, false) => H(&MBarrierOps.Initialize<Narrow>),
                (false, true) => H(&MBarrierOps.Invalidate<Wide>),
                (false, false) => H(&MBarrierOps.Invalidate<Narrow>),
            },
            A = address,
            B = isInit ? Source(1, PtxType.U32) : null,
            Immediate = offset,
        };
    }

    private Op DecodeMBarrierArrive(bool arrives)
    {
        bool expects = !arrives || _opcode.Take("expect_tx");
        if (_opcode.TakeAny(arrives ? "release" : "relaxed").Length > 0 && _opcode.TakeAny("cta", "cluster").Length == 0)
            throw _opcode.Unknown();
        MBarrierSpace();

        // The result is the first operand of an arrival, and the number of arrivals may be the last one.
        int at = arrives ? 1 : 0, more = _instruction.Operands.Length - at - 1;
        if (expects ? more != 1 : more is not (0 or 1))
            throw _instruction.Error("the mbarrier's address is expected, and a number");
        (Value address, long offset, bool wide) = Address(at, StateSpace.Shared);
        Value one = lowering.Constant(Width.Word, 1);
        return new Op
        {
            Run = wide ? H(&MBarrierOps.Arrive<Wide>) : H(&MBarrierOps.Arrive<Narrow>),
            D = arrives ? Result(0, PtxType.B64) : lowering.Scratch(Width.Long),
            A = address,
            B = !expects && more == 1 ? Source(2, PtxType.U32) : one,
            C = expects ? Source(at + 1, PtxType.U32) : one,
            RawE = (int)((arrives ? MBarrierAction.Arrive : 0) | (expects ? MBarrierAction.Expect : 0)),
            Immediate = offset,
        };
    }

    private Op DecodeMBarrierWait(bool suspends)
    {
        bool isParity = _opcode.Take("parity");
        if (_opcode.Take("acquire") && _opcode.TakeAny("cta", "cluster").Length == 0)
            throw _opcode.Unknown();
        MBarrierSpace();

        // The longest time that a try_wait may suspend the warp.
        bool hasTime = suspends && _instruction.Operands.Length == 4;
        if (hasTime)
            _ = Source(3, PtxType.U32);
        Count(hasTime ? 4 : 3);
        (Value address, long offset, bool wide) = Address(1, StateSpace.Shared);
        return new Op
        {
            Run = wide ? H(&MBarrierOps.Test<Wide>) : H(&MBarrierOps.Test<Narrow>),
            Kind = InstKind.Wait,
            D = Result(0, PtxType.Pred),
            A = address,
            B = Source(2, isParity ? PtxType.B32 : PtxType.B64),
            RawE = (int)((isParity ? MBarrierAction.Parity : 0) | (suspends ? MBarrierAction.Suspend : 0)),
            Immediate = offset,
        };
    }

    private void MBarrierSpace()
    {
        if (Space(_opcode) != StateSpace.Shared)
            throw _opcode.Unknown();
        _opcode.Require("b64");
        _opcode.End();
    }
}

using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeWarp() => _opcode.Name switch
    {
        "shfl" => DecodeShuffle(),
        "vote" => DecodeVote(),
        "match" => DecodeMatch(),
        "redux" => DecodeRedux(),
        "activemask" => DecodeActiveMask(),
        "elect" => DecodeElect(),
        _ => throw _opcode.Unknown(),
    };

    private Op DecodeShuffle()
    {
        _opcode.Require("sync");
        string mode = _opcode.TakeAny("up", "down", "bfly", "idx");
        _opcode.Require("b32");
        _opcode.End();
        Count(5);
        Operand result = Operand(0);
        bool isPair = result.Kind == OperandKind.Pair;
        Handler run = mode switch
        {
            "up" => H(&WarpOps.ShuffleUp),
            "down" => H(&WarpOps.ShuffleDown),
            "bfly" => H(&WarpOps.ShuffleXor),
            "idx" => H(&WarpOps.ShuffleIndex),
            _ => throw _opcode.Unknown(),
        };

        // A is the membership mask, as in every synchronizing instruction. The other operands are in Extra.
        return new Op
        {
            Run = run,
            Kind = InstKind.Sync,
            D = Result(isPair ? result.Items[0] : result, PtxType.B32, false),
            E = isPair ? Result(result.Items[1], PtxType.Pred, false) : lowering.Scratch(Width.Predicate),
            EIsResult = true,
            A = Source(4, PtxType.B32),
            RawB = (int)SyncRule.Members,
            Extra = [Source(1, PtxType.B32), Source(2, PtxType.B32), Source(3, PtxType.B32)],
        };
    }

    private Op DecodeVote()
    {
        _opcode.Require("sync");
        string mode = _opcode.TakeAny("all", "any", "uni", "ballot");
        if (mode.Length == 0)
            throw _opcode.Unknown();
        _opcode.Require(mode == "ballot" ? "b32" : "pred");
        _opcode.End();
        Count(3);
        (Value predicate, uint flip) = Predicate(1);
        Handler run = mode switch
        {
            "all" => H(&WarpOps.VoteAll),
            "any" => H(&WarpOps.VoteAny),
            "uni" => H(&WarpOps.VoteUniform),
            _ => H(&WarpOps.Ballot),
        };
        return new Op
        {
            Run = run,
            Kind = InstKind.Sync,
            D = Result(0, mode == "ballot" ? PtxType.B32 : PtxType.Pred),
            A = Source(2, PtxType.B32),
            RawB = (int)SyncRule.Members,
            C = predicate,
            Immediate = flip,
        };
    }

    private Op DecodeMatch()
    {
        string mode = _opcode.TakeAny("any", "all");
        _opcode.Require("sync");
        PtxType type = _opcode.Type(PtxType.B32, PtxType.B64);
        _opcode.End();
        if (mode.Length == 0)
            throw _opcode.Unknown();
        Count(3);
        Operand result = Operand(0);
        bool isPair = result.Kind == OperandKind.Pair;
        if (isPair && mode == "any")
            throw _instruction.Error("match.any has one result");
        Handler run = (mode, type) switch
        {
            ("any", PtxType.B32) => H(&WarpOps.MatchAny<uint>),
            ("any", _) => H(&WarpOps.MatchAny<ulong>),
            (_, PtxType.B32) => H(&WarpOps.MatchAll<uint>),
            _ => H(&WarpOps.MatchAll<ulong>),
        };
        return new Op
        {
            Run = run,
            Kind = InstKind.Sync,
            D = Result(isPair ? result.Items[0] : result, PtxType.B32, false),
            E = isPair ? Result(result.Items[1], PtxType.Pred, false) : lowering.Scratch(Width.Predicate),
            EIsResult = true,
            A = Source(2, PtxType.B32),
            RawB = (int)SyncRule.Members,
            C = Source(1, type),
        };
    }

    private Op DecodeRedux()
    {
        _opcode.Require("sync");
        string operation = _opcode.TakeAny("add", "min", "max", "and", "or", "xor");
        PtxType type = _opcode.Type(PtxType.B32, PtxType.U32, PtxType.S32);
        _opcode.End();
        Count(3);
        bool isBitwise = operation is "and" or "or" or "xor";
        if (isBitwise != (type == PtxType.B32))
            throw _opcode.Unknown();
        Handler run = (operation, type) switch
        {
            ("add", _) => H(&WarpOps.Reduce<Atomics.Add32>),
            ("min", PtxType.U32) => H(&WarpOps.Reduce<Atomics.MinU32>),
            ("min", _) => H(&WarpOps.Reduce<Atomics.MinS32>),
            ("max", PtxType.U32) => H(&WarpOps.Reduce<Atomics.MaxU32>),
            ("max", _) => H(&WarpOps.Reduce<Atomics.MaxS32>),
            ("and", _) => H(&WarpOps.Reduce<Atomics.And32>),
            ("or", _) => H(&WarpOps.Reduce<Atomics.Or32>),
            ("xor", _) => H(&WarpOps.Reduce<Atomics.Xor32>),
            _ => throw _opcode.Unknown(),
        };
        return new Op
        {
            Run = run,
            Kind = InstKind.Sync,
            D = Result(0, type),
            A = Source(2, PtxType.B32),
            RawB = (int)SyncRule.Members,
            C = Source(1, type),
        };
    }

    private Op DecodeActiveMask()
    {
        _opcode.Require("b32");
        _opcode.End();
        Count(1);
        return new Op { Run = H(&WarpOps.ActiveMask), D = Result(0, PtxType.B32) };
    }

    private Op DecodeElect()
    {
        _opcode.Require("sync");
        _opcode.End();
        Count(2);
        Operand result = Operand(0);
        if (result.Kind != OperandKind.Pair)
            throw _instruction.Error("elect has two results");
        return new Op
        {
            Run = H(&WarpOps.Elect),
            Kind = InstKind.Sync,
            D = Result(result.Items[0], PtxType.B32, false),
            E = Result(result.Items[1], PtxType.Pred, false),
            EIsResult = true,
            A = Source(1, PtxType.B32),
            RawB = (int)SyncRule.Members,
        };
    }
}

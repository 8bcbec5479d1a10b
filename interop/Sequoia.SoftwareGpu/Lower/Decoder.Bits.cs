using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeBits()
    {
        switch (_opcode.Name)
        {
            case "popc" or "clz":
                bool population = _opcode.Name == "popc";
                PtxType type = _opcode.Type(PtxType.B32, PtxType.B64);
                _opcode.End();
                Handler run = (population, type) switch
                {
                    (true, PtxType.B32) => H(&ScalarShapes.Unary<uint, uint, BitOps.Popc32>),
                    (true, _) => H(&ScalarShapes.Unary<ulong, uint, BitOps.Popc64>),
                    (false, PtxType.B32) => H(&ScalarShapes.Unary<uint, uint, BitOps.Clz32>),
                    _ => H(&ScalarShapes.Unary<ulong, uint, BitOps.Clz64>),
                };
                return Unary(run, PtxType.U32, type);
            case "brev":
                type = _opcode.Type(PtxType.B32, PtxType.B64);
                _opcode.End();
                return Unary(type == PtxType.B64 ? H(&ScalarShapes.Unary<ulong, ulong, BitOps.Brev64>) : H(&ScalarShapes.Unary<uint, uint, BitOps.Brev32>), type, false);
            case "bfind":
                return DecodeFind();
            case "bfe":
                return DecodeExtract();
            case "bfi":
                return DecodeInsert();
            case "prmt":
                return DecodePermute();
            case "lop3":
                return DecodeLogic3();
            case "shf":
                return DecodeFunnel();
            case "sad":
                type = _opcode.Type(PtxType.U32, PtxType.S32);
                _opcode.End();
                return Ternary(type == PtxType.S32 ? H(&ScalarShapes.Ternary<uint, BitOps.SadS32>) : H(&ScalarShapes.Ternary<uint, BitOps.SadU32>), type, false);
            case "dp4a" or "dp2a":
                return DecodeDot();
            case "mul24" or "mad24":
                return Decode24();
            case "vabsdiff4":
                return DecodeByteDifference();
            case "copysign":
                type = _opcode.Type(PtxType.F32, PtxType.F64);
                _opcode.End();
                return Binary(type == PtxType.F64 ? H(&ScalarShapes.Binary<ulong, ulong, BitOps.CopySign64>) : H(&ScalarShapes.Binary<uint, uint, BitOps.CopySign32>), type, false);
            default:
                throw _opcode.Unknown();
        }
    }

    private Op DecodeFind()
    {
        bool amount = _opcode.Take("shiftamt");
        PtxType type = _opcode.Type(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
        _opcode.End();
        Handler run = (type, amount) switch
        {
            (PtxType.U32, false) => H(&ScalarShapes.Unary<uint, uint, BitOps.FindU32>),
            (PtxType.U32, true) => H(&ScalarShapes.Unary<uint, uint, BitOps.FindShiftU32>),
            (PtxType.S32, false) => H(&ScalarShapes.Unary<uint, uint, BitOps.FindS32>),
            (PtxType.S32, true) => H(&ScalarShapes.Unary<uint, uint, BitOps.FindShiftS32>),
            (PtxType.U64, false) => H(&ScalarShapes.Unary<ulong, uint, BitOps.FindU64>),
            (PtxType.U64, true) => H(&ScalarShapes.Unary<ulong, uint, BitOps.FindShiftU64>),
            (_, false) => H(&ScalarShapes.Unary<ulong, uint, BitOps.FindS64>),
            _ => H(&ScalarShapes.Unary<ulong, uint, BitOps.FindShiftS64>),
        };
        return Unary(run, PtxType.U32, type);
    }

    private Op DecodeExtract()
    {
        PtxType type = _opcode.Type(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
        _opcode.End();
        Count(4);
        Handler run = type switch
        {
            PtxType.U32 => H(&ScalarShapes.Ternary<uint, BitOps.ExtractU32>),
            PtxType.S32 => H(&ScalarShapes.Ternary<uint, BitOps.ExtractS32>),
            PtxType.U64 => H(&ScalarShapes.Field64<BitOps.ExtractU64>),
            _ => H(&ScalarShapes.Field64<BitOps.ExtractS64>),
        };
        return new Op { Run = run, D = Result(0, type), A = Source(1, type), B = Source(2, PtxType.U32), C = Source(3, PtxType.U32) };
    }

    private Op DecodeInsert()
    {
        PtxType type = _opcode.Type(PtxType.B32, PtxType.B64);
        _opcode.End();
        Count(5);
        return new Op
        {
            Run = type == PtxType.B64 ? H(&BitOps.Insert64) : H(&ScalarShapes.Quaternary<BitOps.Insert32>),
            D = Result(0, type),
            A = Source(1, type),
            B = Source(2, type),
            C = Source(3, PtxType.U32),
            E = Source(4, PtxType.U32),
        };
    }

    private Op DecodePermute()
    {
        _opcode.Require("b32");
        string mode = _opcode.TakeAny("f4e", "b4e", "rc8", "ecl", "ecr", "rc16");
        _opcode.End();
        Handler run = mode switch
        {
            "" => H(&ScalarShapes.Ternary<uint, BytePermute.Select>),
            "f4e" => H(&ScalarShapes.Ternary<uint, BytePermute.Forward>),
            "b4e" => H(&ScalarShapes.Ternary<uint, BytePermute.Backward>),
            "rc8" => H(&ScalarShapes.Ternary<uint, BytePermute.Replicate8>),
            "ecl" => H(&ScalarShapes.Ternary<uint, BytePermute.EdgeLeft>),
            "ecr" => H(&ScalarShapes.Ternary<uint, BytePermute.EdgeRight>),
            _ => H(&ScalarShapes.Ternary<uint, BytePermute.Replicate16>),
        };
        return Ternary(run, PtxType.B32, false);
    }

    private Op DecodeLogic3()
    {
        _opcode.Require("b32");
        _opcode.End();
        Count(5);
        if (Operand(4) is not { Kind: OperandKind.Integer, Value: >= 0 and <= 255 } table)
            throw _instruction.Error("the table of lop3 must be a number from 0 to 255");
        return new Op
        {
            Run = H(&BitOps.Logic3),
            D = Result(0, PtxType.B32),
            A = Source(1, PtxType.B32),
            B = Source(2, PtxType.B32),
            C = Source(3, PtxType.B32),
            Immediate = table.Value,
        };
    }

    private Op DecodeFunnel()
    {
        string direction = _opcode.TakeAny("l", "r");
        string mode = _opcode.TakeAny("wrap", "clamp");
        _opcode.Require("b32");
        _opcode.End();
        Handler run = (direction, mode) switch
        {
            ("l", "wrap") => H(&ScalarShapes.Ternary<uint, BitOps.FunnelLeftWrap>),
            ("l", "clamp") => H(&ScalarShapes.Ternary<uint, BitOps.FunnelLeftClamp>),
            ("r", "wrap") => H(&ScalarShapes.Ternary<uint, BitOps.FunnelRightWrap>),
            ("r", "clamp") => H(&ScalarShapes.Ternary<uint, BitOps.FunnelRightClamp>),
            _ => throw _opcode.Unknown(),
        };
        return Ternary(run, PtxType.B32, false);
    }

    private Op DecodeDot()
    {
        bool isFour = _opcode.Name == "dp4a";
        string half = isFour ? "" : _opcode.TakeAny("lo", "hi");
        PtxType a = _opcode.Type(PtxType.U32, PtxType.S32), b = _opcode.Type(PtxType.U32, PtxType.S32);
        _opcode.End();
        if (!isFour && half.Length == 0)
            throw _opcode.Unknown();
        Count(4);
        int flags = (a == PtxType.S32 ? 1 : 0) | (b == PtxType.S32 ? 2 : 0) | (half == "hi" ? 4 : 0);
        return new Op
        {
            Run = isFour ? H(&BitOps.Dot4) : H(&BitOps.Dot2),
            D = Result(0, PtxType.B32),
            A = Source(1, a),
            B = Source(2, b),
            C = Source(3, PtxType.B32),
            Immediate = flags,
        };
    }

    private Op Decode24()
    {
        bool adds = _opcode.Name == "mad24";
        string part = _opcode.TakeAny("lo", "hi");
        PtxType type = _opcode.Type(PtxType.U32, PtxType.S32);
        _opcode.End();
        if (part != "lo")
            throw _opcode.Unknown();
        bool signed = type == PtxType.S32;
        if (adds)
            return Ternary(signed ? H(&ScalarShapes.Ternary<uint, BitOps.Mad24S>) : H(&ScalarShapes.Ternary<uint, BitOps.Mad24U>), type, false);
        return Binary(signed ? H(&ScalarShapes.Binary<uint, uint, BitOps.Mul24S>) : H(&ScalarShapes.Binary<uint, uint, BitOps.Mul24U>), type, false);
    }

    private Op DecodeByteDifference()
    {
        PtxType to = _opcode.Type(PtxType.U32, PtxType.S32);
        PtxType a = _opcode.Type(PtxType.U32, PtxType.S32), b = _opcode.Type(PtxType.U32, PtxType.S32);
        bool adds = _opcode.Take("add");
        _opcode.End();
        if (a != b || to == PtxType.S32)
            throw _opcode.Unknown();
        Handler run = (a == PtxType.S32, adds) switch
        {
            (false, false) => H(&ScalarShapes.Ternary<uint, BitOps.ByteDifferenceU>),
            (true, false) => H(&ScalarShapes.Ternary<uint, BitOps.ByteDifferenceS>),
            (false, true) => H(&ScalarShapes.Ternary<uint, BitOps.ByteDifferenceSumU>),
            _ => H(&ScalarShapes.Ternary<uint, BitOps.ByteDifferenceSumS>),
        };
        return Ternary(run, PtxType.B32, false);
    }
}

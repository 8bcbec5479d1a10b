using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    /// <summary>The carry flag: a predicate that no instruction names.</summary>
    private readonly Register _carry = new("%carry", PtxType.Pred);

    /// <summary>add.cc, addc, sub.cc, subc, mad.cc and madc, in all their forms.</summary>
    private Op DecodeCarry()
    {
        string name = _opcode.Name;
        bool reads = name is "addc" or "subc" or "madc";
        bool multiplies = name is "mad" or "madc";
        string part = multiplies ? _opcode.TakeAny("lo", "hi") : "";
        bool writes = _opcode.Take("cc");
        PtxType type = _opcode.Type(PtxType.U32, PtxType.S32, PtxType.U64, PtxType.S64);
        _opcode.End();
        if ((multiplies && part.Length == 0) || (!reads && !writes))
            throw _opcode.Unknown();
        Count(multiplies ? 4 : 3);
        CarryKind kind = (name, part) switch
        {
            ("add" or "addc", _) => CarryKind.Add,
            ("sub" or "subc", _) => CarryKind.Subtract,
            (_, "lo") => CarryKind.MultiplyLow,
            _ => type.IsSigned ? CarryKind.MultiplyHighSigned : CarryKind.MultiplyHigh,
        };
        Value carry = lowering.ForRegister(_carry);
        return new Op
        {
            Run = type.Bits == 64 ? H(&CarryOps.Run64) : H(&CarryOps.Run32),
            D = Result(0, type),
            A = Source(1, type),
            B = Source(2, type),
            C = multiplies ? Source(3, type) : null,
            E = writes ? carry : null,
            EIsResult = writes,
            Extra = reads ? [carry] : [],
            Immediate = (long)kind | (reads ? CarryOps.ReadsCarry : 0) | (writes ? CarryOps.WritesCarry : 0),
        };
    }
}

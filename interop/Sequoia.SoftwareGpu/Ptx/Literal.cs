namespace Sequoia.SoftwareGpu.Ptx;

/// <summary>Float literals as bits of the destination type.</summary>
internal static class Literal
{
    /// <summary>Whether the literal was written as a single's bits (<c>0f3F800000</c>).</summary>
    public static bool IsSingle(Token token) => token.Text.Length == 10 && token.Text[1] is 'f' or 'F';

    public static ulong Bits(Token token, PtxType type, bool negative)
    {
        ulong bits = token.Bits;
        if (IsSingle(token))
        {
            if (negative)
                bits ^= 0x8000_0000;
            return type == PtxType.F64 ? BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle((uint)bits)) : bits;
        }

        if (negative)
            bits ^= 1UL << 63;
        return type == PtxType.F64 || type.Bits == 64
            ? bits
            : BitConverter.SingleToUInt32Bits((float)BitConverter.UInt64BitsToDouble(bits));
    }
}

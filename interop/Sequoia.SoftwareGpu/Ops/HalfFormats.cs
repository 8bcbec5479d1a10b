using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>A 16-bit floating-point format, in the low halves of 32-bit lanes.</summary>
internal interface IHalfFormat
{
    static abstract Vector512<float> ToSingle(Vector512<uint> bits);

    /// <summary>Rounds to nearest even. NaN becomes the canonical 0x7FFF.</summary>
    static abstract Vector512<uint> FromSingle(Vector512<float> value);
}

/// <summary>IEEE half precision.</summary>
internal readonly struct F16 : IHalfFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<uint> bits)
    {
        // A multiplication changes the exponent, which also makes subnormals normal.
        Vector512<uint> magnitude = (bits & Vector512.Create(0x7FFFu)) << 13;
        Vector512<uint> scaled = (magnitude.AsSingle() * Vector512.Create(0x7780_0000u).AsSingle()).AsUInt32();
        Vector512<uint> isSpecial = Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(0x0F80_0000u));
        scaled = Vector512.ConditionalSelect(isSpecial, magnitude | Vector512.Create(0x7F80_0000u), scaled);
        return (scaled | ((bits & Vector512.Create(0x8000u)) << 16)).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> FromSingle(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> sign = (bits >> 16) & Vector512.Create(0x8000u);
        Vector512<uint> magnitude = bits & Vector512.Create(0x7FFF_FFFFu);

        // Normal: round the integer representation, then change the exponent.
        Vector512<uint> odd = (magnitude >> 13) & Vector512<uint>.One;
        Vector512<uint> normal = (magnitude + Vector512.Create(0xC800_0FFFu) + odd) >> 13;

        // Subnormal: adding one half leaves the rounded half in the low bits.
        Vector512<uint> half = Vector512.Create(0x3F00_0000u);
        Vector512<uint> tiny = (magnitude.AsSingle() + half.AsSingle()).AsUInt32() - half;
        Vector512<uint> result = Vector512.ConditionalSelect(Vector512.LessThan(magnitude, Vector512.Create(0x3880_0000u)), tiny, normal);

        // From 65520, the nearest half is infinity.
        result = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(0x477F_F000u)), Vector512.Create(0x7C00u), result);
        result |= sign;
        return Vector512.ConditionalSelect(Vector512.GreaterThan(magnitude, Vector512.Create(0x7F80_0000u)), Vector512.Create(0x7FFFu), result);
    }
}

/// <summary>The upper half of a single.</summary>
internal readonly struct BF16 : IHalfFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToSingle(Vector512<uint> bits) => (bits << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> FromSingle(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32();
        Vector512<uint> rounded = (bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512<uint>.One)) >> 16;
        return Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded, Vector512.Create(0x7FFFu));
    }
}

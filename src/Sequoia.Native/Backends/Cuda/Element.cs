using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>The type of weights, keys and values on the device; the names are the kernels' own.</summary>
internal enum Element
{
    F16,
    BF16,
}

/// <summary>Chooses and converts elements. <see cref="Narrow(float, Element)"/> defines the rounding; rows use the same, sixteen at a time.</summary>
internal static unsafe class Elements
{
    // Elements of a step of the loops below: two registers of fp32, one of 16 bits.
    private const int Step = 16;

    // The least magnitude that rounds to F16's infinity.
    private const float Overflow = 65520;

    private const uint Magnitude = 0x7fff_ffff, Infinity = 0x7f80_0000;

    /// <summary>Chooses one type for the whole model: the stored type; for fp32, F16, or BF16 if a value overflows F16; for mixed types, BF16.</summary>
    public static Element For(IEnumerable<TensorView> matrices) =>
        matrices.Any(tensor => tensor.Type == TensorType.BF16 || (tensor.Type == TensorType.F32 && Overflows(tensor))) ? Element.BF16 : Element.F16;

    /// <summary>
    /// Elements of a tensor, starting at index <paramref name="first"/>: copied if the stored type is the device's, otherwise rounded to nearest, ties to
    /// even.
    /// </summary>
    public static void Narrow(TensorView tensor, long first, Span<ushort> destination, Element element)
    {
        byte* source = tensor.Data + (first * tensor.Type.Size());
        if (tensor.Type == StoredType(element))
        {
            new ReadOnlySpan<ushort>(source, destination.Length).CopyTo(destination);
            return;
        }
        fixed (ushort* to = destination)
        {
            int whole = Vector256.IsHardwareAccelerated ? destination.Length / Step * Step : 0;
            for (int i = 0; i < whole; i += Step)
                Vector256.Narrow(Narrow(Widen(tensor.Type, source, i), element), Narrow(Widen(tensor.Type, source, i + (Step / 2)), element)).Store(to + i);
            for (int i = whole; i < destination.Length; i++)
                to[i] = Narrow(ValueOf(tensor.Type, source, i), element);
        }
    }

    /// <summary>Rounds to nearest, ties to even. NaN stays NaN.</summary>
    public static ushort Narrow(float value, Element element)
    {
        if (element == Element.F16)
            return BitConverter.HalfToUInt16Bits((Half)value);
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7fff : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static float Widen(ushort bits, Element element) =>
        element == Element.F16 ? (float)BitConverter.UInt16BitsToHalf(bits) : BitConverter.UInt32BitsToSingle((uint)bits << 16);

    /// <summary>The stored type that corresponds to this device type.</summary>
    public static TensorType StoredType(Element element) => element == Element.F16 ? TensorType.F16 : TensorType.BF16;

    private static float ValueOf(TensorType type, byte* source, int at) => type switch
    {
        TensorType.F32 => ((float*)source)[at],
        TensorType.F16 => Widen(((ushort*)source)[at], Element.F16),
        TensorType.BF16 => Widen(((ushort*)source)[at], Element.BF16),
        _ => throw type.Unknown(),
    };

    /// <summary>The bits of eight elements as fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Widen(TensorType type, byte* source, int at)
    {
        if (type == TensorType.F32)
            return Vector256.Load((uint*)source + at);
        Vector128<ushort> stored = Vector128.Load((ushort*)source + at);
        Vector256<uint> bits = Vector256.Create(Vector128.WidenLower(stored), Vector128.WidenUpper(stored));
        if (type == TensorType.BF16)
            return bits << 16;
        Vector256<uint> magnitude = (bits & Vector256.Create(0x7fffu)) << 13;
        Vector256<uint> normal = magnitude + Vector256.Create(112u << 23);
        // A denormal is its bits times 2^-24; the subtraction leaves this of the bits below the leading bit of 2^-14.
        Vector256<uint> small = ((magnitude + Vector256.Create(113u << 23)).AsSingle() - Vector256.Create(113u << 23).AsSingle()).AsUInt32();
        Vector256<uint> wide = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(1u << 23)), small, normal);
        // Infinities and NaN.
        wide |= Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7c00u << 13)) & Vector256.Create(Infinity);
        return wide | ((bits & Vector256.Create(0x8000u)) << 16);
    }

    /// <summary>The elements, in the low halves, of eight fp32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Narrow(Vector256<uint> bits, Element element)
    {
        Vector256<uint> magnitude = bits & Vector256.Create(Magnitude), sign = (bits >> 16) & Vector256.Create(0x8000u);
        Vector256<uint> isNaN = Vector256.GreaterThan(magnitude, Vector256.Create(Infinity));
        if (element == Element.BF16)
        {
            Vector256<uint> rounded = (bits + Vector256.Create(0x7fffu) + ((bits >> 16) & Vector256<uint>.One)) >> 16;
            return Vector256.ConditionalSelect(isNaN, Vector256.Create(0x7fffu), rounded);
        }
        Vector256<float> value = Vector256.MinNative(magnitude.AsSingle(), Vector256.Create(Overflow));
        // Adding a power of two whose last bit is F16's last bit rounds there once, to even: 2^13 times the value's own, at least that of 2^-14.
        Vector256<uint> power = (Vector256.MaxNative(value, Vector256.Create(113u << 23).AsSingle()).AsUInt32() & Vector256.Create(Infinity)) + Vector256.Create(13u << 23);
        Vector256<uint> sum = (value + power.AsSingle()).AsUInt32() - Vector256.Create(126u << 23);
        Vector256<uint> half = sum + (sum >> 13);
        Vector256<uint> quiet = Vector256.Create(0x7e00u) | (magnitude >> 13);
        return (Vector256.ConditionalSelect(isNaN, quiet, half) & Vector256.Create(0x7fffu)) | sign;
    }

    private static bool Overflows(TensorView tensor)
    {
        long count = (long)tensor.Rows * tensor.Columns, whole = Vector256.IsHardwareAccelerated ? count / Step * Step : 0;
        float* values = (float*)tensor.Data;
        for (long i = 0; i < whole; i += Step)
        {
            // Each is compared separately: the maximum of two numbers is undefined if one is NaN.
            Vector256<float> first = Vector256.GreaterThanOrEqual(Vector256.Abs(Vector256.Load(values + i)), Vector256.Create(Overflow));
            Vector256<float> second = Vector256.GreaterThanOrEqual(Vector256.Abs(Vector256.Load(values + i + (Step / 2))), Vector256.Create(Overflow));
            if ((first.AsUInt32() | second.AsUInt32()) != Vector256<uint>.Zero)
                return true;
        }
        for (long i = whole; i < count; i++)
        {
            if (MathF.Abs(values[i]) >= Overflow)
                return true;
        }
        return false;
    }
}

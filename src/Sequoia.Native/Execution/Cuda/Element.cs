using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>What weights, keys and values are stored in on the device; the name is the kernels' own.</summary>
internal enum Element
{
    F16,
    BF16,
}

/// <summary>Choosing and making elements.</summary>
internal static unsafe class Elements
{
    /// <summary>One type for all of a model: as stored; of fp32, F16, or BF16 if some value overflows F16. Where types are mixed, BF16 holds them all.</summary>
    public static Element For(IEnumerable<TensorView> matrices) =>
        matrices.Any(tensor => tensor.Type == TensorType.BF16 || (tensor.Type == TensorType.F32 && Overflows(tensor))) ? Element.BF16 : Element.F16;

    /// <summary>To the nearest, ties to even; of any stored type.</summary>
    public static void Narrow(TensorView tensor, long first, Span<ushort> destination, Element element)
    {
        for (int i = 0; i < destination.Length; i++)
            destination[i] = Narrow(ValueOf(tensor, first + i), element);
    }

    public static ushort Narrow(float value, Element element)
    {
        if (element == Element.F16)
            return BitConverter.HalfToUInt16Bits((Half)value);
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)0x7fff : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static float Widen(ushort bits, Element element) =>
        element == Element.F16 ? (float)BitConverter.UInt16BitsToHalf(bits) : BitConverter.UInt32BitsToSingle((uint)bits << 16);

    private static float ValueOf(TensorView tensor, long at) => tensor.Type switch
    {
        TensorType.F32 => ((float*)tensor.Data)[at],
        TensorType.F16 => Widen(((ushort*)tensor.Data)[at], Element.F16),
        _ => Widen(((ushort*)tensor.Data)[at], Element.BF16),
    };

    private static bool Overflows(TensorView tensor)
    {
        long count = (long)tensor.Rows * tensor.Columns;
        for (long i = 0; i < count; i++)
        {
            if (Half.IsInfinity((Half)((float*)tensor.Data)[i]))
                return true;
        }
        return false;
    }
}

using Sequoia.Interop;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>A matrix on the device, in 16 bits: as stored, or, where stored in fp32, as F16, or as BF16 if some value overflows F16.</summary>
internal sealed unsafe class CudaWeight : Weight
{
    // Conversion goes through the host in pieces of this many elements.
    private const int Piece = 1 << 20;

    public CudaWeight(CudaContext context, ReadOnlySpan<TensorView> stacked) : base(TotalRows(stacked), stacked[0].Columns)
    {
        Element = ElementOf(stacked);
        Data = context.Allocate<ushort>((long)Rows * Columns);
        ushort[] converted = new ushort[Piece];
        long start = 0;
        foreach (TensorView tensor in stacked)
        {
            long count = (long)tensor.Rows * tensor.Columns;
            for (long done = 0; done < count; done += Piece)
            {
                int length = (int)Math.Min(Piece, count - done);
                if (tensor.Type == TensorType.F32)
                {
                    Narrow(new ReadOnlySpan<float>((float*)tensor.Data + done, length), converted, Element);
                    Data.CopyFrom(converted.AsSpan(0, length), start + done);
                }
                else
                {
                    Data.CopyFrom(new ReadOnlySpan<ushort>((ushort*)tensor.Data + done, length), start + done);
                }
            }
            start += count;
        }
    }

    public DeviceBuffer<ushort> Data { get; }

    public Element Element { get; }

    private static Element ElementOf(ReadOnlySpan<TensorView> stacked)
    {
        if (stacked[0].Type != TensorType.F32)
            return stacked[0].Type == TensorType.BF16 ? Element.BF16 : Element.F16;
        foreach (TensorView tensor in stacked)
        {
            long count = (long)tensor.Rows * tensor.Columns;
            for (long i = 0; i < count; i++)
            {
                if (float.IsInfinity((float)(Half)((float*)tensor.Data)[i]))
                    return Element.BF16;
            }
        }
        return Element.F16;
    }

    private static void Narrow(ReadOnlySpan<float> source, Span<ushort> destination, Element element)
    {
        for (int i = 0; i < source.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);
            destination[i] = element == Element.F16
                ? BitConverter.HalfToUInt16Bits((Half)source[i])
                : float.IsNaN(source[i]) ? (ushort)0x7fff : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
        }
    }
}

using Sequoia.Interop;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>A matrix on the device, in 16 bits.</summary>
internal sealed unsafe class CudaWeight : Weight, IDisposable
{
    // Conversion goes through the host in pieces of this many elements.
    private const int Piece = 1 << 20;

    public CudaWeight(CudaContext context, ReadOnlySpan<TensorView> stacked, Element element) : base(TotalRows(stacked), stacked[0].Columns)
    {
        Data = new DeviceParts(context, $"tensor '{stacked[0].Name}'", areWeights: true).Allocate<ushort>((long)Rows * Columns);
        try
        {
            ushort[] converted = new ushort[Piece];
            long start = 0;
            foreach (TensorView tensor in stacked)
            {
                long count = (long)tensor.Rows * tensor.Columns;
                for (long done = 0; done < count; done += Piece)
                {
                    int length = (int)Math.Min(Piece, count - done);
                    Elements.Narrow(tensor, done, converted.AsSpan(0, length), element);
                    Data.CopyFrom(converted.AsSpan(0, length), start + done);
                }
                start += count;
            }
        }
        catch
        {
            Data.Dispose();
            throw;
        }
    }

    public DeviceBuffer<ushort> Data { get; }

    public void Dispose() => Data.Dispose();
}

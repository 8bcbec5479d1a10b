using System.Runtime.CompilerServices;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Widens one row of a stored tensor to fp32, exactly.</summary>
internal static unsafe class RowReader
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(TensorView tensor, int row, float* destination)
    {
        int columns = tensor.Columns;
        byte* source = tensor.Data + ((long)row * columns * tensor.Type.Size());
        switch (tensor.Type)
        {
            case TensorType.F32:
                new ReadOnlySpan<float>(source, columns).CopyTo(new Span<float>(destination, columns));
                break;
            case TensorType.F16:
                for (int i = 0; i < columns; i++)
                    destination[i] = (float)((Half*)source)[i];
                break;
            case TensorType.BF16:
                for (int i = 0; i < columns; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)((ushort*)source)[i] << 16);
                break;
            default:
                throw tensor.Type.Unknown();
        }
    }
}

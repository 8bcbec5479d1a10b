using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cpu;

/// <summary>Widens one row of a stored tensor to fp32, exactly.</summary>
internal static unsafe class RowReader
{
    public static void Widen(TensorView tensor, int row, float* destination)
    {
        int columns = tensor.Columns;
        byte* source = tensor.Data + ((long)row * columns * tensor.Type.Size());
        for (int i = 0; i < columns; i++)
        {
            destination[i] = tensor.Type switch
            {
                TensorType.F32 => ((float*)source)[i],
                TensorType.F16 => (float)BitConverter.UInt16BitsToHalf(((ushort*)source)[i]),
                _ => BitConverter.UInt32BitsToSingle((uint)((ushort*)source)[i] << 16),
            };
        }
    }
}

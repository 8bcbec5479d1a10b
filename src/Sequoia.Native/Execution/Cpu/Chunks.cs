namespace Sequoia.Native.Execution.Cpu;

/// <summary>The unit in which CPU kernels walk along a row: 32 elements, two vectors of sixteen lanes.</summary>
internal static class Chunks
{
    public const int Size = 32;

    public static int RoundUp(int elements) => (elements + Size - 1) / Size * Size;
}

using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>mma m16n8k32 of bytes. The sum wraps, or is clamped with .satfinite (bit 2 of the immediate).</summary>
internal static unsafe class TensorInteger
{
    public static void Run(Warp w, Inst* i, uint m)
    {
        byte* r = w.Registers;
        int* slots = i->Extra;
        Span<int> a = stackalloc int[16 * 32], b = stackalloc int[8 * 32];
        bool leftSigned = (i->Immediate & 1) != 0, rightSigned = (i->Immediate & 2) != 0, clamps = (i->Immediate & 4) != 0;
        for (int lane = 0; lane < 32; lane++)
        {
            int group = lane / 4, first = 4 * (lane % 4);
            for (int k = 0; k < 4; k++)
                Unpack(((uint*)(r + slots[4 + k]))[lane], leftSigned, a[(((group + (8 * (k & 1))) * 32) + first + (16 * (k >> 1)))..]);
            for (int k = 0; k < 2; k++)
                Unpack(((uint*)(r + slots[8 + k]))[lane], rightSigned, b[((group * 32) + first + (16 * k))..]);
        }

        Span<int> results = stackalloc int[128];
        for (int lane = 0; lane < 32; lane++)
        {
            for (int k = 0; k < 4; k++)
            {
                int row = (lane / 4) + (8 * (k >> 1)), column = (2 * (lane % 4)) + (k & 1);
                long sum = ((int*)(r + slots[10 + k]))[lane];
                for (int term = 0; term < 32; term++)
                    sum += (long)a[(row * 32) + term] * b[(column * 32) + term];
                results[(k * 32) + lane] = clamps ? (int)long.Clamp(sum, int.MinValue, int.MaxValue) : (int)sum;
            }
        }

        for (int k = 0; k < 4; k++)
            results.Slice(k * 32, 32).CopyTo(new Span<int>(r + slots[k], 32));
    }

    private static void Unpack(uint bits, bool signed, Span<int> to)
    {
        for (int k = 0; k < 4; k++)
            to[k] = signed ? (sbyte)(bits >> (8 * k)) : (byte)(bits >> (8 * k));
    }
}

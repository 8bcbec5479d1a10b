using System.Runtime.CompilerServices;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>ldmatrix: lane 8k + r gives the address of row r of matrix k; row r's words go to lanes 4r to 4r + 3.</summary>
internal static unsafe class LoadMatrix
{
    private const int RowBytes = 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TWidth, TSpace, TMode>(Warp w, Inst* i, uint m)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
    {
        int matrices = i->C & 0xFF;
        bool transposes = (i->C & 0x100) != 0;

        // x1 and x2 use only the addresses of the first 8 and 16 lanes.
        uint givers = matrices == 4 ? Lanes.All : (1u << (8 * matrices)) - 1;
        byte* host = Resolver.Resolve<TWidth, TSpace, TMode>(w, i, givers, RowBytes, Access.Read, out Pattern* pattern);
        for (int matrix = 0; matrix < matrices; matrix++)
        {
            uint* d = (uint*)(w.Registers + i->Extra[matrix]);
            long* rows = pattern->Delta + (8 * matrix);
            if (transposes)
                Transposed(d, host, rows);
            else
                Plain(d, host, rows);
        }
    }

    private static void Plain(uint* d, byte* host, long* rows)
    {
        for (int row = 0; row < 8; row++)
        {
            ulong* from = (ulong*)(host + rows[row]);
            ((ulong*)d)[2 * row] = from[0];
            ((ulong*)d)[(2 * row) + 1] = from[1];
        }
    }

    /// <summary>Lane 4r + t gets the elements of column r in rows 2t and 2t + 1.</summary>
    private static void Transposed(uint* d, byte* host, long* rows)
    {
        for (int t = 0; t < 4; t++)
        {
            ushort* even = (ushort*)(host + rows[2 * t]);
            ushort* odd = (ushort*)(host + rows[(2 * t) + 1]);
            for (int column = 0; column < 8; column++)
                d[(4 * column) + t] = even[column] | ((uint)odd[column] << 16);
        }
    }
}

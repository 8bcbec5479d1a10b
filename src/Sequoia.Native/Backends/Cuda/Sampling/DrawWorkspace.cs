using System.Numerics;
using System.Runtime.InteropServices;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Where the blocks that draw a row's children meet; a structure of draw_children.cuh.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct DrawWorkspace
{
    private const int MostParts = 32;
    private const int WordsOfKey = 2;

    // Two quads for each thread of draw_children.
    private const int TokensOfPart = 2048;

    // scale_rows only looks for the largest logit, with four times as many threads.
    private const int PartsOfScalePart = 4;

    public readonly nint Keys, Maxima, Sums, Arrived;
    public readonly int ScaleParts, Parts, Room;

    /// <param name="address">Memory of <see cref="Words"/> words, aligned to keys.</param>
    /// <param name="rows">The maximum number of rows of a launch.</param>
    /// <param name="parts">The number of blocks of a row in draw_children.</param>
    /// <param name="children">The maximum number of children of a node.</param>
    public DrawWorkspace(nint address, int rows, int parts, int children)
    {
        (ScaleParts, Parts, Room, Keys) = (Math.Max(1, parts / PartsOfScalePart), parts, children, address);
        nint ofParts = (nint)rows * parts * sizeof(int);
        Maxima = Keys + (WordsOfKey * children * ofParts);
        Sums = Maxima + ofParts;
        Arrived = Sums + ofParts;
    }

    /// <summary>The number of blocks that share a row of this many tokens. No result depends on it.</summary>
    public static int PartsFor(int vocabulary) => (int)Math.Min(MostParts, BitOperations.RoundUpToPowerOf2((uint)((vocabulary + TokensOfPart - 1) / TokensOfPart)));

    /// <summary>Its size in 32-bit words; the last ones, one for each row, are 0 before and after each launch.</summary>
    public static long Words(int rows, int parts, int children) => rows * ((parts * ((WordsOfKey * (long)children) + 2)) + 1);
}

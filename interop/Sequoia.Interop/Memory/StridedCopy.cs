namespace Sequoia.Interop;

/// <summary>
/// A box of elements to copy: <paramref name="Depth"/> slices of <paramref name="Height"/> rows of <paramref name="Width"/> elements. Rows and slices have
/// their own distances on either side. If an extent is 0, nothing is copied.
/// </summary>
/// <param name="Width">The elements of a row, which are contiguous.</param>
/// <param name="Height">The rows of a slice.</param>
/// <param name="Depth">The slices.</param>
/// <param name="Source">Where the box is in the source.</param>
/// <param name="Target">Where the box goes to in the target.</param>
public readonly record struct StridedCopy(long Width, long Height, long Depth, StridedLayout Source, StridedLayout Target)
{
    /// <summary>Checks that both sides are in their buffers, in elements. Nothing can overflow afterwards.</summary>
    /// <returns>Whether there is anything to copy.</returns>
    internal bool IsIn(long source, long target)
    {
        if (Width < 0 || Height < 0 || Depth < 0)
            throw new ArgumentException($"a copy of {Width} x {Height} x {Depth} elements has a negative extent");
        if (Width == 0 || Height == 0 || Depth == 0)
            return false;
        Check(Source, source, "source");
        Check(Target, target, "target");
        return true;
    }

    /// <summary>The distance between rows, in elements. A single row can give any; it does not matter.</summary>
    internal long PitchOf(StridedLayout side) => Height == 1 && Depth == 1 ? Width : side.Pitch;

    /// <summary>The distance between slices, in rows. A single slice can give any.</summary>
    internal long RowsOf(StridedLayout side) => Depth == 1 ? Height : side.Rows;

    private void Check(StridedLayout side, long length, string name)
    {
        if ((Height > 1 || Depth > 1) && side.Pitch < Width)
            throw new ArgumentException($"the {name}'s rows overlap: they are {Width} elements long and {side.Pitch} apart");
        if (Depth > 1 && side.Rows < Height)
            throw new ArgumentException($"the {name}'s slices overlap: they have {Height} rows and are {side.Rows} rows apart");
        // Products of two 64-bit numbers fit. A slice that is longer than the buffer is out of bounds, so a third factor is never multiplied to it.
        Int128 slice = Depth > 1 ? (Int128)side.Rows * side.Pitch : 0;
        bool isIn = side.Start >= 0 && side.Start <= length && slice <= length
            && ((Depth - 1) * slice) + ((Int128)(Height - 1) * PitchOf(side)) + Width <= length - side.Start;
        if (!isIn)
        {
            throw new ArgumentException(
                $"{Depth} slices of {Height} rows of {Width} elements from {side.Start} on, {side.Pitch} elements and {side.Rows} rows apart, are outside of the {name}'s {length} elements");
        }
    }
}

/// <summary>Where a box of elements is in a buffer.</summary>
/// <param name="Start">The index of its first element.</param>
/// <param name="Pitch">The distance from a row to the next, in elements; at least the copy's width.</param>
/// <param name="Rows">The distance from a slice to the next, in rows; at least the copy's height. It does not matter if there is one slice.</param>
public readonly record struct StridedLayout(long Start, long Pitch, long Rows = 0);

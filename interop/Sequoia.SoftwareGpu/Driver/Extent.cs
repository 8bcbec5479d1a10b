using Sequoia.SoftwareGpu.Check;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>The size of a copy: slices of rows of bytes. The sides give the distances between them.</summary>
internal readonly record struct Extent(ulong Width, ulong Height = 1, ulong Depth = 1)
{
    public ulong Bytes => Width * Height * Depth;

    /// <summary>The distance from a side's first byte to behind its last one.</summary>
    public ulong SpanOf(Side side) => ((Depth - 1) * side.Slice) + ((Height - 1) * side.Pitch) + Width;

    /// <summary>The addresses of each row.</summary>
    public IEnumerable<(ulong To, ulong From)> Rows(Side to, Side from)
    {
        for (ulong z = 0; z < Depth; z++)
        {
            for (ulong y = 0; y < Height; y++)
                yield return (to.Start + (z * to.Slice) + (y * to.Pitch), from.Start + (z * from.Slice) + (y * from.Pitch));
        }
    }

    /// <summary>The bytes of a side, in ascending order, with neighbors joined.</summary>
    public ByteRange[] Ranges(Side side)
    {
        var ranges = new List<ByteRange>();
        foreach ((ulong start, _) in Rows(side, side))
        {
            if (ranges.Count > 0 && ranges[^1].End == start)
                ranges[^1] = ranges[^1] with { End = start + Width };
            else
                ranges.Add(new ByteRange(start, start + Width));
        }
        return [.. ranges];
    }

    public override string ToString() =>
        Depth > 1 ? $"{Depth} x {Height} rows of {Width} bytes" : Height > 1 ? $"{Height} rows of {Width} bytes" : $"{Width} bytes";
}

/// <summary>One side of a copy: its first byte, and the distances between rows and between slices, in bytes.</summary>
internal readonly record struct Side(ulong Start, ulong Pitch = 0, ulong Slice = 0);

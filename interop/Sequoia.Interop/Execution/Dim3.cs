namespace Sequoia.Interop;

/// <summary>The extent of a grid in blocks or of a block in threads. A number alone means x; the others are 1.</summary>
public readonly record struct Dim3
{
    /// <summary>An extent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One of them is less than 1.</exception>
    public Dim3(int x, int y = 1, int z = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(x);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(y);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(z);
        X = x;
        Y = y;
        Z = z;
    }

    /// <summary>Along x, which runs fastest.</summary>
    public int X { get; }

    /// <summary>Along y.</summary>
    public int Y { get; }

    /// <summary>Along z.</summary>
    public int Z { get; }

    /// <summary>All of them.</summary>
    public long Count => (long)X * Y * Z;

    /// <summary>Along x alone.</summary>
    public static implicit operator Dim3(int x) => new(x);

    /// <summary>Along x and y.</summary>
    public static implicit operator Dim3((int X, int Y) extent) => new(extent.X, extent.Y);

    /// <summary>Along x, y and z.</summary>
    public static implicit operator Dim3((int X, int Y, int Z) extent) => new(extent.X, extent.Y, extent.Z);

    /// <summary>As in 4 x 2 x 1.</summary>
    public override string ToString() => $"{X} x {Y} x {Z}";
}

namespace Sequoia.Interop;

/// <summary>The size of a grid in blocks or of a block in threads. A single number is the size along x; y and z are 1.</summary>
public readonly record struct Dim3
{
    /// <summary>Creates a size.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is less than 1.</exception>
    public Dim3(int x, int y = 1, int z = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(x);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(y);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(z);
        X = x;
        Y = y;
        Z = z;
    }

    /// <summary>The size along x, the fastest-varying dimension.</summary>
    public int X { get; }

    /// <summary>The size along y.</summary>
    public int Y { get; }

    /// <summary>The size along z.</summary>
    public int Z { get; }

    /// <summary>The product of the three dimensions.</summary>
    public long Count => (long)X * Y * Z;

    /// <summary>Converts a size along x.</summary>
    public static implicit operator Dim3(int x) => new(x);

    /// <summary>Converts a size along x and y.</summary>
    public static implicit operator Dim3((int X, int Y) extent) => new(extent.X, extent.Y);

    /// <summary>Converts a size along x, y and z.</summary>
    public static implicit operator Dim3((int X, int Y, int Z) extent) => new(extent.X, extent.Y, extent.Z);

    /// <summary>The size as text, such as 4 x 2 x 1.</summary>
    public override string ToString() => $"{X} x {Y} x {Z}";
}

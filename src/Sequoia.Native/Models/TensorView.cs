namespace Sequoia.Native.Models;

/// <summary>A tensor inside a mapped file: row-major, never copied. Valid while the file is open.</summary>
internal readonly unsafe record struct TensorView(string Name, TensorType Type, long[] Shape, nint Address)
{
    public byte* Data => (byte*)Address;

    public int Rows => Shape.Length == 2 ? checked((int)Shape[0]) : 1;

    public int Columns => checked((int)Shape[^1]);
}

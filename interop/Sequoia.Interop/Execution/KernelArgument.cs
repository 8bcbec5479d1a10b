using System.Runtime.CompilerServices;

namespace Sequoia.Interop;

/// <summary>
/// An argument of a launch: a number, a buffer (its address), or any value of up to 16 bytes. Numbers convert implicitly and keep their own size: a
/// kernel's long long takes a long, and its float takes a float.
/// </summary>
public readonly unsafe struct KernelArgument
{
    // The launch reads the value from here, or from where _elsewhere points.
    internal readonly Int128 Value;
    internal readonly void* Elsewhere;
    internal readonly int Bytes;

    // Keeps a buffer from being collected until the launch is submitted.
    private readonly object? _owner;

    private KernelArgument(Int128 value, int bytes, object? owner = null)
    {
        Value = value;
        Bytes = bytes;
        _owner = owner;
    }

    private KernelArgument(void* elsewhere, int bytes)
    {
        Elsewhere = elsewhere;
        Bytes = bytes;
    }

    /// <summary>An int.</summary>
    public static implicit operator KernelArgument(int value) => new((uint)value, sizeof(int));

    /// <summary>An unsigned int.</summary>
    public static implicit operator KernelArgument(uint value) => new(value, sizeof(uint));

    /// <summary>A long long.</summary>
    public static implicit operator KernelArgument(long value) => new((ulong)value, sizeof(long));

    /// <summary>An unsigned long long.</summary>
    public static implicit operator KernelArgument(ulong value) => new(value, sizeof(ulong));

    /// <summary>A pointer.</summary>
    public static implicit operator KernelArgument(nint value) => new((ulong)value, sizeof(nint));

    /// <summary>A float.</summary>
    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value), sizeof(float));

    /// <summary>A double.</summary>
    public static implicit operator KernelArgument(double value) => new(BitConverter.DoubleToUInt64Bits(value), sizeof(double));

    /// <summary>A half.</summary>
    public static implicit operator KernelArgument(Half value) => new(BitConverter.HalfToUInt16Bits(value), sizeof(ushort));

    /// <summary>A char or unsigned char.</summary>
    public static implicit operator KernelArgument(byte value) => new(value, sizeof(byte));

    /// <summary>A bool, which is one byte.</summary>
    public static implicit operator KernelArgument(bool value) => new(value ? 1u : 0u, sizeof(byte));

    /// <summary>Creates an argument from any value of up to 16 bytes, such as a small structure.</summary>
    /// <exception cref="ArgumentException">The value is larger. Use <see cref="At"/>.</exception>
    public static KernelArgument Of<T>(T value) where T : unmanaged
    {
        if (sizeof(T) > sizeof(Int128))
            throw new ArgumentException($"{typeof(T).Name} has {sizeof(T)} bytes, and a value can have 16; pin it and use KernelArgument.At");
        Int128 bits = 0;
        Unsafe.WriteUnaligned(&bits, value);
        return new(bits, sizeof(T));
    }

    /// <summary>
    /// Creates an argument from a structure of any size. It is read when the launch is submitted; the caller must keep it in place until then.
    /// </summary>
    /// <param name="value">The address of the value.</param>
    /// <param name="bytes">The size of the value.</param>
    public static KernelArgument At(void* value, int bytes)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new(value, bytes);
    }

    internal static KernelArgument FromAddress(nint address, object owner) => new((ulong)address, sizeof(nint), owner);
}

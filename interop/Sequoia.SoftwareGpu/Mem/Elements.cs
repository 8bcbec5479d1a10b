using System.Runtime.CompilerServices;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>An element in memory and its representation in a register.</summary>
internal unsafe interface IElement<TRegister>
    where TRegister : unmanaged
{
    static abstract int Size { get; }

    static abstract TRegister Read(byte* from);

    static abstract void Write(byte* to, TRegister value);
}

/// <summary>The elements, named by size, sign and destination register.</summary>
internal static unsafe class Elements
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    internal readonly struct Word : IElement<uint>
    {
        public static int Size => 4;

        [MethodImpl(Inline)]
        public static uint Read(byte* from) => *(uint*)from;

        [MethodImpl(Inline)]
        public static void Write(byte* to, uint value) => *(uint*)to = value;
    }

    internal readonly struct Long : IElement<ulong>
    {
        public static int Size => 8;

        [MethodImpl(Inline)]
        public static ulong Read(byte* from) => *(ulong*)from;

        [MethodImpl(Inline)]
        public static void Write(byte* to, ulong value) => *(ulong*)to = value;
    }

    internal readonly struct Half : IElement<uint>
    {
        public static int Size => 2;

        [MethodImpl(Inline)]
        public static uint Read(byte* from) => *(ushort*)from;

        [MethodImpl(Inline)]
        public static void Write(byte* to, uint value) => *(ushort*)to = (ushort)value;
    }

    internal readonly struct SignedHalf : IElement<uint>
    {
        public static int Size => 2;

        [MethodImpl(Inline)]
        public static uint Read(byte* from) => (uint)*(short*)from;

        [MethodImpl(Inline)]
        public static void Write(byte* to, uint value) => *(ushort*)to = (ushort)value;
    }

    internal readonly struct Byte : IElement<uint>
    {
        public static int Size => 1;

        [MethodImpl(Inline)]
        public static uint Read(byte* from) => *from;

        [MethodImpl(Inline)]
        public static void Write(byte* to, uint value) => *to = (byte)value;
    }

    /// <summary>Sign-extended to 16 bits, the size of the register.</summary>
    internal readonly struct SignedByteToShort : IElement<uint>
    {
        public static int Size => 1;

        [MethodImpl(Inline)]
        public static uint Read(byte* from) => (ushort)*(sbyte*)from;

        [MethodImpl(Inline)]
        public static void Write(byte* to, uint value) => *to = (byte)value;
    }

    internal readonly struct SignedByte : IElement<uint>
    {
        public static int Size => 1;

        [MethodImpl(Inline)]
        public static uint Read(byte* from) => (uint)*(sbyte*)from;

        [MethodImpl(Inline)]
        public static void Write(byte* to, uint value) => *to = (byte)value;
    }

    /// <summary>A narrow element in a 64-bit register.</summary>
    internal readonly struct Zero64<T> : IElement<ulong>
        where T : struct, IElement<uint>
    {
        public static int Size => T.Size;

        [MethodImpl(Inline)]
        public static ulong Read(byte* from) => T.Read(from);

        [MethodImpl(Inline)]
        public static void Write(byte* to, ulong value) => T.Write(to, (uint)value);
    }

    /// <summary>A narrow signed element in a 64-bit register.</summary>
    internal readonly struct Sign64<T> : IElement<ulong>
        where T : struct, IElement<uint>
    {
        public static int Size => T.Size;

        [MethodImpl(Inline)]
        public static ulong Read(byte* from) => (ulong)(int)T.Read(from);

        [MethodImpl(Inline)]
        public static void Write(byte* to, ulong value) => T.Write(to, (uint)value);
    }
}

using System.Runtime.CompilerServices;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Converts a chunk of 32 stored weights to two vectors. The input of a product has a matching layout.</summary>
internal unsafe interface IWeightFormat<TLanes> where TLanes : unmanaged, ILanes<TLanes>
{
    static abstract int ElementSize { get; }

    static abstract TLanes First(byte* chunk);

    static abstract TLanes Second(byte* chunk);
}

internal readonly unsafe struct F32Format<TLanes> : IWeightFormat<TLanes> where TLanes : unmanaged, ILanes<TLanes>
{
    public static int ElementSize => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes First(byte* chunk) => TLanes.Load((float*)chunk);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Second(byte* chunk) => TLanes.Load((float*)chunk + 16);
}

internal readonly unsafe struct F16Format<TLanes> : IWeightFormat<TLanes> where TLanes : unmanaged, ILanes<TLanes>
{
    public static int ElementSize => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes First(byte* chunk) => TLanes.LoadHalf((ushort*)chunk);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Second(byte* chunk) => TLanes.LoadHalf((ushort*)chunk + 16);
}

/// <summary>Even elements first, then odd: see <see cref="MatMulInput"/>.</summary>
internal readonly unsafe struct BF16Format<TLanes> : IWeightFormat<TLanes> where TLanes : unmanaged, ILanes<TLanes>
{
    public static int ElementSize => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes First(byte* chunk) => TLanes.LoadBFloat16Even((ushort*)chunk);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Second(byte* chunk) => TLanes.LoadBFloat16Odd((ushort*)chunk);
}

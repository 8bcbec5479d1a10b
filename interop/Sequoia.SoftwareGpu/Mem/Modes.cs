using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Mem;

/// <summary>The state space of an access. It is a type, so that each state space gets specialized code.</summary>
internal interface ISpace
{
    static abstract StateSpace Space { get; }
}

internal readonly struct GlobalSpace : ISpace
{
    public static StateSpace Space => StateSpace.Global;
}

internal readonly struct SharedSpace : ISpace
{
    public static StateSpace Space => StateSpace.Shared;
}

internal readonly struct LocalSpace : ISpace
{
    public static StateSpace Space => StateSpace.Local;
}

internal readonly struct ParamSpace : ISpace
{
    public static StateSpace Space => StateSpace.Param;
}

internal readonly struct GenericSpace : ISpace
{
    public static StateSpace Space => StateSpace.Generic;
}

/// <summary>The width of the register that contains the address.</summary>
internal interface IAddressWidth
{
    static abstract bool IsWide { get; }
}

internal readonly struct Wide : IAddressWidth
{
    public static bool IsWide => true;
}

internal readonly struct Narrow : IAddressWidth
{
    public static bool IsWide => false;
}

/// <summary>The work in addition to the access itself.</summary>
internal interface IMode
{
    static abstract bool Checks { get; }

    static abstract bool Counts { get; }
}

internal readonly struct Bare : IMode
{
    public static bool Checks => false;

    public static bool Counts => false;
}

internal readonly struct Checked : IMode
{
    public static bool Checks => true;

    public static bool Counts => false;
}

internal readonly struct Counted : IMode
{
    public static bool Checks => false;

    public static bool Counts => true;
}

internal readonly struct CheckedCounted : IMode
{
    public static bool Checks => true;

    public static bool Counts => true;
}

internal enum Access : byte
{
    Read,
    Write,
    Atomic,
}

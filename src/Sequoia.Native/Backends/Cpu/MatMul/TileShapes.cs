namespace Sequoia.Native.Backends.Cpu;

/// <summary>The number of weight rows and tokens in one register tile. JIT-time constants, so unused sums are eliminated.</summary>
internal interface ITileShape
{
    static abstract int Rows { get; }

    static abstract int Tokens { get; }
}

internal readonly struct Tile<TRows, TTokens> : ITileShape where TRows : struct, ICount where TTokens : struct, ICount
{
    public static int Rows => TRows.Value;

    public static int Tokens => TTokens.Value;
}

internal interface ICount
{
    static abstract int Value { get; }
}

internal readonly struct One : ICount
{
    public static int Value => 1;
}

internal readonly struct Two : ICount
{
    public static int Value => 2;
}

internal readonly struct Three : ICount
{
    public static int Value => 3;
}

internal readonly struct Four : ICount
{
    public static int Value => 4;
}

internal readonly struct Five : ICount
{
    public static int Value => 5;
}

internal readonly struct Six : ICount
{
    public static int Value => 6;
}

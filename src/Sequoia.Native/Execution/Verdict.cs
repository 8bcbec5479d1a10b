namespace Sequoia.Native.Execution;

/// <summary>The outcome of one verification: the accepted path (root first) and the token that follows it.</summary>
internal sealed class Verdict(int levels)
{
    private readonly int[] _path = new int[levels];

    /// <summary>Accepted node ids, ascending; the root is always among them.</summary>
    public ReadOnlySpan<int> Path => _path.AsSpan(0, Length);

    public int Length { get; private set; }

    /// <summary>The bonus token, drawn from the residual distribution at the last accepted node.</summary>
    public int Token { get; set; }

    public void Clear() => Length = 0;

    public void Accept(int node) => _path[Length++] = node;
}

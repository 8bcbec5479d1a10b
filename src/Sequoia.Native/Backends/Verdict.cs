namespace Sequoia.Native.Backends;

/// <summary>The outcome of one verification: the accepted path (root first) and the token that follows it.</summary>
internal sealed class Verdict(int levels)
{
    private readonly int[] _path = new int[levels];
    // The root's token, followed by the new ones.
    private readonly int[] _tokens = new int[levels + 1];

    /// <summary>Accepted node ids, ascending; the root is always among them.</summary>
    public ReadOnlySpan<int> Path => _path.AsSpan(0, Length);

    public int Length { get; private set; }

    /// <summary>The tokens that the step commits: those of the path after the root, and <see cref="Token"/>.</summary>
    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(1, Length);

    /// <summary>The token that follows the path: the bonus token, drawn at the last accepted node, or that of <see cref="Ahead"/>.</summary>
    public int Token
    {
        get => _tokens[Length];
        set => _tokens[Length] = value;
    }

    /// <summary>An accepted child of the path's last node that the step did not follow, since the target has not computed it; 0 if there is none.</summary>
    public int Ahead { get; set; }

    /// <summary>Sets a verdict that was computed elsewhere.</summary>
    /// <param name="path">Accepted nodes, the root first.</param>
    /// <param name="tokens">The tokens that follow each of them.</param>
    /// <param name="ahead">See <see cref="Ahead"/>.</param>
    public void Take(ReadOnlySpan<int> path, ReadOnlySpan<int> tokens, int ahead)
    {
        (Length, Ahead) = (path.Length, ahead);
        path.CopyTo(_path);
        tokens.CopyTo(_tokens.AsSpan(1));
    }

    /// <summary>The error of logits that no verdict can follow from.</summary>
    /// <param name="model">Which model gave them.</param>
    public static InvalidOperationException OfNoNumbers(string model) =>
        new($"the {model}'s logits are not numbers: its weights are damaged, or overflow in 16 bits");

    public void Clear() => (Length, Ahead) = (0, 0);

    public void Accept(int node, int token) => (_path[Length], _tokens[Length++]) = (node, token);
}

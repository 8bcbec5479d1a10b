using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>A decoded instruction whose operands are still values. Slots are assigned last.</summary>
internal sealed class Op
{
    public required Handler Run { get; init; }

    public InstKind Kind { get; init; } = InstKind.Plain;

    /// <summary>The result, unless <see cref="DIsRead"/>.</summary>
    public Value? D { get; init; }

    /// <summary>Whether D is a source: the value that a store writes.</summary>
    public bool DIsRead { get; init; }

    public Value? A { get; init; }

    public Value? B { get; init; }

    public Value? C { get; init; }

    public Value? E { get; init; }

    public bool EIsResult { get; init; }

    /// <summary>Additional operands. The first <see cref="ExtraResults"/> are results.</summary>
    public Value[] Extra { get; init; } = [];

    public int ExtraResults { get; init; }

    /// <summary>Numbers that replace the operands B, C and E.</summary>
    public int RawB { get; init; }

    public int RawC { get; init; }

    public int RawE { get; init; }

    public long Immediate { get; init; }

    public int Memos { get; init; }

    /// <summary>Whether the handler steps through runs of itself.</summary>
    public bool IsRunnable { get; init; }

    public Value? Guard { get; set; }

    public bool GuardNegated { get; set; }

    /// <summary>The index of the flat instruction that the op comes from.</summary>
    public int Source { get; set; }

    /// <summary>The target block of a branch.</summary>
    public int Target { get; set; } = -1;

    /// <summary>The block where the sides of a branch reconverge, or -1.</summary>
    public int Join { get; set; } = -1;

    /// <summary>The values that the caller still needs after a call.</summary>
    public List<Value> Saved { get; } = [];

    public IEnumerable<Value> Reads()
    {
        if (DIsRead && D is not null)
            yield return D;
        if (A is not null)
            yield return A;
        if (B is not null)
            yield return B;
        if (C is not null)
            yield return C;
        if (!EIsResult && E is not null)
            yield return E;
        for (int k = ExtraResults; k < Extra.Length; k++)
            yield return Extra[k];
        if (Guard is not null)
            yield return Guard;
    }

    public IEnumerable<Value> Writes()
    {
        if (!DIsRead && D is not null)
            yield return D;
        if (EIsResult && E is not null)
            yield return E;
        for (int k = 0; k < ExtraResults; k++)
            yield return Extra[k];
    }
}

using Sequoia.Native;
using Sequoia.Native.Execution;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Sampling;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>A drafted tree with the target's logits, and what the reference accepts of it.</summary>
internal sealed unsafe class VerifyProblem : IDisposable
{
    private float[]? _draftRows;

    public VerifyProblem(DrawProblem draft)
    {
        Draft = draft;
        Target = new LogitBuffer(draft.Tree.Size, draft.Vocabulary);
    }

    public DrawProblem Draft { get; }

    public LogitBuffer Target { get; }

    public TokenTree Tree => Draft.Tree;

    /// <summary>How many of the nodes the target has computed.</summary>
    public int Nodes { get; init; }

    /// <summary>The verdict for these random numbers; null where the reference refuses the logits. The draft has been drawn.</summary>
    public Verdict? Verify(RandomKey random)
    {
        KeepDraftRows();
        Draft.State.Random = random;
        try
        {
            TreeVerifier.Verify(CpuKernels.Best.Vocabulary, Target.Host, Nodes, Draft.State, Draft.Options);
        }
        catch (InvalidOperationException)
        {
            return null;
        }
        return Draft.State.Verdict;
    }

    public void Dispose()
    {
        Draft.Dispose();
        Target.Dispose();
    }

    /// <summary>Verifying consumes the draft's rows: rejected tokens become 0 in them.</summary>
    private void KeepDraftRows()
    {
        var rows = new Span<float>(Draft.State.DraftRow(0), Draft.Rows * VocabularyKernels.Padded(Draft.Vocabulary));
        if (_draftRows is null)
            _draftRows = rows.ToArray();
        else
            _draftRows.CopyTo(rows);
    }
}

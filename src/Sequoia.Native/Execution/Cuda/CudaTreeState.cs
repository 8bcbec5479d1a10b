using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>
/// A tree's tokens, the draft's logits at every inner node, and what drawing and verifying leave on the device. What changes from step to step
/// lies in one piece of memory, so that it comes and goes with one copy:
/// tokens of all nodes | StepState | Verdict | path | the tokens that the step commits
/// </summary>
internal sealed class CudaTreeState : TreeState
{
    private const int StateWords = 3;
    private const int VerdictWords = 4;

    private readonly DeviceParts _parts;
    private readonly DeviceBuffer<int> _firstChild, _childCount, _draftRow, _words;
    private readonly PinnedBuffer<int> _outcome;
    private readonly int[] _draftRows;
    private readonly int[] _host;

    public CudaTreeState(CudaContext context, TokenTree tree, int vocabulary, SpeculationMethod method) : base(tree, method)
    {
        Vocabulary = vocabulary;
        DraftStride = CudaActivations.StrideOf(vocabulary);
        _parts = new DeviceParts(context, $"a tree of {tree.Size} nodes");
        _host = new int[tree.Size + StateWords];
        _words = _parts.Allocate<int>(_host.Length + VerdictWords + (2 * tree.Levels));
        _outcome = _parts.AllocatePinned<int>(StateWords + VerdictWords + (2 * tree.Levels));
        _draftRows = new int[tree.Size];
        int inner = 0;
        for (int node = 0; node < tree.Size; node++)
            _draftRows[node] = tree.ChildCount(node) > 0 ? inner++ : -1;
        _firstChild = _parts.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.FirstChild)]);
        _childCount = _parts.Upload<int>([.. Enumerable.Range(0, tree.Size).Select(tree.ChildCount)]);
        _draftRow = _parts.Upload<int>(_draftRows);
        DraftLogits = _parts.Allocate<float>(Math.Max(1, (long)inner * DraftStride));
        Scales = _parts.Allocate<RowScale>(Math.Max(1, inner));
    }

    public int Vocabulary { get; }

    /// <summary>[inner node][token]: what children were drawn from, kept until they are verified.</summary>
    public DeviceBuffer<float> DraftLogits { get; }

    public int DraftStride { get; }

    public DeviceBuffer<RowScale> Scales { get; }

    public ulong Seed { get; private set; }

    public nint Tokens => _words.Handle;

    public nint State => AtWord(Tree.Size);

    public nint DeviceVerdict => AtWord(_host.Length);

    /// <summary>Of the verdict: nodes whose rows the draft's cache keeps.</summary>
    public nint Kept => AtWord(_host.Length + 1);

    public nint Path => AtWord(_host.Length + VerdictWords);

    public nint NewTokens => AtWord(_host.Length + VerdictWords + Tree.Levels);

    public DeviceTree Shape => new() { FirstChild = _firstChild.Handle, ChildCount = _childCount.Handle, DraftRow = _draftRow.Handle };

    private Span<int> HostState => _host.AsSpan(Tree.Size);

    /// <summary>The row of <see cref="DraftLogits"/> of an inner node; those of a level's inner nodes are neighbours.</summary>
    public int DraftRow(int node) => _draftRows[node];

    public override void Begin(ReadOnlySpan<int> tokens, int committed = 0, RandomKey random = default)
    {
        tokens.CopyTo(_host);
        (Committed, Seed) = (committed, random.Seed);
        HostState[0] = (int)random.Step;
        HostState[1] = committed;
        HostState[2] = (int)LogitDamage.None;
        _words.CopyFrom(_host);
    }

    public override void Decide(ReadOnlySpan<int> path, int token)
    {
        int[] tokens = new int[path.Length], nodes = path.ToArray();
        Download(nodes.AsSpan(1), tokens);
        tokens[^1] = token;
        int kept = Tree.ChildCount(path[^1]) > 0 ? path.Length : path.Length - 1;
        _words.CopyFrom([path.Length, kept, token, 0, .. path], _host.Length);
        _words.CopyFrom(tokens, _host.Length + VerdictWords + Tree.Levels);
        Keep(path.Length, 0, path, tokens);
    }

    /// <summary>Queues the copy of the outcome to the host.</summary>
    public void Send(CudaStream stream) => _words.CopyToAsync(_outcome, stream, Tree.Size);

    /// <summary>Takes the outcome that has arrived.</summary>
    public void Receive()
    {
        ReadOnlySpan<int> outcome = _outcome.Span, verdict = outcome[StateWords..], levels = verdict[VerdictWords..];
        int length = verdict[0];
        if (length == 0)
        {
            string whose = ((LogitDamage)outcome[2]).HasFlag(LogitDamage.Draft) ? "draft" : "target";
            throw new InvalidOperationException($"the {whose}'s logits are not numbers: its weights are damaged, or overflow in 16 bits");
        }
        Keep(length, verdict[3], levels[..length], levels.Slice(Tree.Levels, length));
    }

    public override void Download(ReadOnlySpan<int> nodes, Span<int> tokens)
    {
        _words.CopyTo(_host.AsSpan(0, Tree.Size));
        for (int i = 0; i < nodes.Length; i++)
            tokens[i] = _host[nodes[i]];
    }

    public override void Dispose() => _parts.Dispose();

    private void Keep(int length, int ahead, ReadOnlySpan<int> path, ReadOnlySpan<int> tokens)
    {
        Verdict verdict = Verdict;
        verdict.Clear();
        for (int i = 0; i < length; i++)
            verdict.Accept(path[i], i == 0 ? 0 : tokens[i - 1]);
        (verdict.Token, verdict.Ahead) = (tokens[length - 1], ahead);
    }

    private nint AtWord(int word) => _words.Handle + (word * sizeof(int));
}

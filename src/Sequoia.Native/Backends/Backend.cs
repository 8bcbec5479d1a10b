using Sequoia.Native.Models;

namespace Sequoia.Native.Backends;

/// <summary>
/// The device seam: every operation of a speculation step, on one device. All of them are batch-invariant: the bits of a row depend on that
/// row's token path only (docs/architecture.md, numerics contract). What is created here has everything that operations on it need, so an
/// operation allocates, compiles and uploads nothing, and can be recorded the first time. A queue is used by one thread at a time.
/// </summary>
internal abstract class Backend : IDisposable
{
    /// <summary>What the user reads in `stats.device`.</summary>
    public abstract string Name { get; }

    /// <summary>Whether the time its work takes means anything: not on a software device.</summary>
    public virtual bool HasTimes => true;

    /// <summary>Whether operations only queue work, which <see cref="Repeat"/> may replay: what they take on the host then says nothing.</summary>
    public virtual bool IsAsynchronous => false;

    /// <summary>Tokens of a prompt that it is worth computing in one pass.</summary>
    public virtual int PrefillRows => 64;

    /// <summary>The deepest tree it can compute.</summary>
    public virtual int MostTreeLevels => int.MaxValue;

    public virtual WorkQueue CreateQueue() => new();

    /// <summary>Brings a norm's weights or a matrix to the device.</summary>
    public abstract Matrix Load(TensorView tensor);

    /// <summary>The projections of queries, keys and values as one matrix, for <see cref="ProjectQkv"/>.</summary>
    public abstract Matrix LoadQkv(TensorView q, TensorView k, TensorView v, int headDim);

    /// <summary>The projections of gate and up as one matrix, for <see cref="GateUp"/>.</summary>
    public abstract Matrix LoadGateUp(TensorView gate, TensorView up);

    /// <summary>Waits until everything that was loaded is on the device.</summary>
    public virtual void FinishLoading()
    {
    }

    /// <summary>What it makes of the weights that a user may not expect; null if nothing.</summary>
    public virtual string? NoteOn(LlamaTensors tensors) => null;

    /// <summary>Cosines and sines for positions 0 .. positions-1.</summary>
    public abstract RopeTable LoadRope(LlamaConfig config, int positions);

    public abstract KvPool CreatePool(LlamaConfig config, int pages);

    public abstract Workspace CreateWorkspace(Llama model, WorkspaceSize size);

    /// <summary>A sequence whose trees have one shape.</summary>
    /// <param name="tree">The shape.</param>
    /// <param name="method">How children are drawn and verified.</param>
    /// <param name="vocabulary">Of both models.</param>
    /// <param name="feed">The most tokens before the root that a pass computes; at least 1.</param>
    /// <param name="target">Its pages of the target's pool.</param>
    /// <param name="draft">Its pages of the draft's; null without one.</param>
    public abstract Sequence CreateSequence(TokenTree tree, SpeculationMethod method, int vocabulary, int feed, KvPages target, KvPages? draft);

    /// <summary>A pass without rows.</summary>
    /// <param name="model">The model that it is for.</param>
    /// <param name="role">Its role.</param>
    /// <param name="mostRows">The most rows.</param>
    /// <param name="mostParts">The most parts.</param>
    /// <param name="levels">The most levels of a tree that <see cref="VerifyTrees"/> goes down with this pass; 0 if it is for none.</param>
    public abstract Pass CreatePass(Llama model, ModelRole role, int mostRows, int mostParts, int levels = 0);

    /// <summary>x[row] = table[token of the row's node]; first of all operations of a pass.</summary>
    public abstract void Embed(WorkQueue queue, Matrix table, Pass pass, Activations x);

    /// <summary>y = x * weight / sqrt(mean(x^2) + epsilon) for rows firstRow .. firstRow+count-1 of x, written to rows 0 .. of y.</summary>
    public abstract void RmsNorm(WorkQueue queue, Activations x, int firstRow, int count, Matrix weight, float epsilon, Activations y);

    /// <summary>y = x W^T for the first <paramref name="rows"/> rows of x, written to rows <paramref name="firstRow"/> .. of y.</summary>
    public abstract void MatMul(WorkQueue queue, Matrix weight, Activations x, Activations y, int firstRow, int rows);

    /// <summary>y += x W^T for the first <paramref name="rows"/> rows.</summary>
    public abstract void MatMulAdd(WorkQueue queue, Matrix weight, Activations x, Activations y, int rows);

    /// <summary>
    /// Projects the rows to queries, keys and values, rotates queries and keys by their positions, and stores keys and values in the pool;
    /// queries go to <paramref name="queries"/>.
    /// </summary>
    public abstract void ProjectQkv(WorkQueue queue, Matrix weight, Activations x, RopeTable rope, KvPool pool, int layer, Pass pass, Activations queries);

    /// <summary>Softmax attention of every row over its sequence's committed tokens and the row's own path in the tree.</summary>
    public abstract void Attend(WorkQueue queue, Activations queries, KvPool pool, int layer, Pass pass, Activations output);

    /// <summary>hidden = silu(x G^T) * (x U^T) for the first <paramref name="rows"/> rows.</summary>
    public abstract void GateUp(WorkQueue queue, Matrix weight, Activations x, Activations hidden, int rows);

    /// <summary>
    /// Draws the children of the node of each row that has logits from the draft's distribution, by its sequence's method (docs/compare.md). The
    /// logits must stay until <see cref="VerifyTrees"/>.
    /// </summary>
    public abstract void DrawChildren(WorkQueue queue, Workspace draft, Pass pass);

    /// <summary>
    /// Goes down each part's tree from the root by its sequence's method (docs/compare.md). All rows of the pass have logits, from row 0 on, and a
    /// part's first rows are nodes 0, 1, ...; an accepted child beyond them ends the path. The verdicts stay on the device.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="target">Has the pass's logits.</param>
    /// <param name="draft">Has the logits that children were drawn from; null without a draft.</param>
    /// <param name="pass">Of the target, created for verification.</param>
    public abstract void VerifyTrees(WorkQueue queue, Workspace target, Workspace? draft, Pass pass);

    /// <summary>
    /// Makes the verdicts come true on the device: moves the accepted paths' rows of the caches behind the committed ones, makes the tokens that
    /// follow the roots of the next trees, and goes on to the next step's random numbers. The draft has not computed the leaves: of a path that
    /// ends in one, its cache keeps all but that.
    /// </summary>
    public abstract void Commit(WorkQueue queue, Pass pass, KvPool target, KvPool? draft);

    /// <summary>Waits for the verdicts of the last <see cref="VerifyTrees"/> and brings them to the host.</summary>
    public virtual void FetchVerdicts(WorkQueue queue, Pass pass)
    {
    }

    /// <summary>Waits for everything in a queue.</summary>
    public virtual void Wait(WorkQueue queue)
    {
    }

    /// <summary>
    /// Does work that is the same every time but for what lies in the device's memory: a device may record it, and replay it next time.
    /// </summary>
    public virtual void Repeat(WorkQueue queue, Recording recording, Action work) => work();

    public abstract void Dispose();
}

using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;

namespace Sequoia.Native.Backends;

/// <summary>
/// The device abstraction: every operation of a speculation step, on one device. All operations are batch-invariant: the bits of a row depend only
/// on that row's token path (docs/architecture.md, numerics contract). Objects created here hold everything that their operations need, so an
/// operation allocates, compiles and uploads nothing, and can be recorded the first time. One thread at a time uses a queue.
/// </summary>
internal abstract class Backend : IDisposable
{
    /// <summary>The name shown to users in `stats.device`.</summary>
    public abstract string Name { get; }

    /// <summary>Whether times measured on the device are meaningful; false on a software device.</summary>
    public virtual bool HasTimes => true;

    /// <summary>Whether operations only queue work, which <see cref="Repeat"/> may replay. Their time on the host is then meaningless.</summary>
    public virtual bool IsAsynchronous => false;

    /// <summary>How weights that do not fit are streamed; null if all are resident.</summary>
    public virtual WeightStreamInfo? Stream => null;

    /// <summary>The number of prompt tokens worth computing in one pass.</summary>
    public virtual int PrefillRows => 64;

    /// <summary>The deepest tree that the device supports.</summary>
    public virtual int MostTreeLevels => int.MaxValue;

    /// <summary>The maximum number of children of a node that the device can draw.</summary>
    public virtual int MostChildren => int.MaxValue;

    public virtual WorkQueue CreateQueue() => new();

    /// <summary>Copies a norm's weights or a matrix to the device.</summary>
    public abstract Matrix Load(TensorView tensor);

    /// <summary>The embedding, for <see cref="Embed"/>.</summary>
    public virtual Matrix LoadEmbedding(TensorView tensor) => Load(tensor);

    /// <summary>The output projection of a model whose embedding is also that.</summary>
    public virtual Matrix LoadTiedHead(Matrix embedding, TensorView tensor) => embedding;

    /// <summary>The projections of queries, keys and values as one matrix, for <see cref="ProjectQkv"/>.</summary>
    public abstract Matrix LoadQkv(TensorView q, TensorView k, TensorView v, int headDim);

    /// <summary>The projections of gate and up as one matrix, for <see cref="GateUp"/>.</summary>
    public abstract Matrix LoadGateUp(TensorView gate, TensorView up);

    /// <summary>Any unexpected conversion of the weights; null if there is none.</summary>
    public virtual string? NoteOn(LlamaTensors tensors) => null;

    /// <summary>Cosines and sines for positions 0 .. positions-1.</summary>
    public abstract RopeTable LoadRope(LlamaConfig config, int positions);

    public abstract KvPool CreatePool(LlamaConfig config, int pages);

    public abstract Workspace CreateWorkspace(Llama model, WorkspaceSize size);

    /// <summary>Creates a sequence whose trees have one shape.</summary>
    /// <param name="tree">The shape.</param>
    /// <param name="method">How children are drawn and verified.</param>
    /// <param name="vocabulary">The vocabulary size of both models.</param>
    /// <param name="feed">The maximum number of tokens before the root that a pass computes; at least 1.</param>
    /// <param name="target">Its pages of the target's pool.</param>
    /// <param name="draft">Its pages of the draft's pool; null without a draft.</param>
    public abstract Sequence CreateSequence(TokenTree tree, SpeculationMethod method, int vocabulary, int feed, KvPages target, KvPages? draft);

    /// <summary>Creates a pass without rows.</summary>
    /// <param name="model">The model that runs the pass.</param>
    /// <param name="role">The model's role.</param>
    /// <param name="mostRows">The maximum number of rows.</param>
    /// <param name="mostParts">The maximum number of parts.</param>
    /// <param name="levels">The maximum number of levels of a tree that <see cref="VerifyTrees"/> descends with this pass; 0 if it verifies none.</param>
    public abstract Pass CreatePass(Llama model, ModelRole role, int mostRows, int mostParts, int levels = 0);

    /// <summary>What predicts steps of a pair whose target is streamed; null where all weights are resident.</summary>
    public virtual StreamModel? StreamModelOf(Llama target, Llama? draft) => null;

    /// <summary>The first layer of a model that is streamed, with embedding and output projection, all in memory, on a backend of its own: what passes compute can be measured with it.</summary>
    public virtual Llama? LoadFirstLayer(Llama model) => null;

    /// <summary>
    /// Makes room for a decoder beside weights that are streamed, until the result is disposed. Null where all weights are resident.
    /// </summary>
    /// <exception cref="DeviceMemoryException">The device has less memory free than the weights may take.</exception>
    /// <exception cref="InvalidInputException">The memory that the weights may take is too small.</exception>
    public virtual IDisposable? Reserve(Llama target, Llama? draft, DecoderSizes sizes) => null;

    /// <summary>Begins a forward pass of a model of this backend; passes of a model that is streamed take turns.</summary>
    /// <param name="logits">Whether the pass computes logits.</param>
    /// <param name="cancellation">Ends the pass early where it waits for weights.</param>
    public virtual void BeginPass(bool logits, CancellationToken cancellation)
    {
    }

    /// <summary>Ends the pass, also one that failed.</summary>
    public virtual void EndPass()
    {
    }

    /// <summary>
    /// Begins to bring streamed weights for the next pass of this backend's model in a queue, which has logits, beside what is queued before it. Part of the work
    /// of <see cref="Repeat"/>.
    /// </summary>
    public virtual void Prefetch(WorkQueue queue)
    {
    }

    /// <summary>x[row] = table[token of the row's node], and its norm; the first operation of a pass.</summary>
    public abstract void Embed(WorkQueue queue, Matrix table, Pass pass, Accumulators x, NextNorm norm);

    /// <summary>y = x W^T for the first <paramref name="rows"/> rows of x, which a norm wrote, written to rows <paramref name="firstRow"/> .. of y.</summary>
    public abstract void MatMul(WorkQueue queue, Matrix weight, Activations x, Activations y, int firstRow, int rows);

    /// <summary>y += x W^T for the first <paramref name="rows"/> rows, and the norm of y.</summary>
    public abstract void MatMulAdd(WorkQueue queue, Matrix weight, Activations x, Accumulators y, int rows, NextNorm norm);

    /// <summary>
    /// Projects the rows, which a norm wrote, to queries, keys and values, rotates queries and keys by their positions, and stores keys and values in the pool;
    /// queries go to <paramref name="queries"/>.
    /// </summary>
    public abstract void ProjectQkv(WorkQueue queue, Matrix weight, Activations x, RopeTable rope, KvPool pool, int layer, Pass pass, Activations queries);

    /// <summary>Softmax attention of every row over its sequence's committed tokens and the row's own path in the tree.</summary>
    public abstract void Attend(WorkQueue queue, Activations queries, KvPool pool, int layer, Pass pass, Activations output);

    /// <summary>hidden = silu(x G^T) * (x U^T) for the first <paramref name="rows"/> rows, which a norm wrote.</summary>
    public abstract void GateUp(WorkQueue queue, Matrix weight, Activations x, Activations hidden, int rows);

    /// <summary>
    /// For each row with logits, draws the children of its node from the draft's distribution, by its sequence's method (docs/compare.md). The
    /// logits must remain unchanged until <see cref="VerifyTrees"/>.
    /// </summary>
    public abstract void DrawChildren(WorkQueue queue, Workspace draft, Pass pass);

    /// <summary>
    /// Descends each part's tree from the root by its sequence's method (docs/compare.md). All rows of the pass have logits, from row 0 on. A
    /// part's first rows are nodes 0, 1, ...; an accepted child beyond them ends the path. The verdicts stay on the device.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="target">Holds the pass's logits.</param>
    /// <param name="draft">Holds the logits that children were drawn from; null without a draft.</param>
    /// <param name="pass">A pass of the target, created for verification.</param>
    public abstract void VerifyTrees(WorkQueue queue, Workspace target, Workspace? draft, Pass pass);

    /// <summary>
    /// Applies the verdicts on the device: moves the accepted paths' rows of the caches to directly after the committed ones, sets the tokens of the
    /// next trees' roots, and advances to the next step's random numbers. The draft has not computed the leaves: if a path
    /// ends in a leaf, the draft's cache keeps all rows of the path except the leaf's.
    /// </summary>
    public abstract void Commit(WorkQueue queue, Pass pass, KvPool target, KvPool? draft);

    /// <summary>Waits for the verdicts of the last <see cref="VerifyTrees"/> and copies them to the host.</summary>
    public virtual void FetchVerdicts(WorkQueue queue, Pass pass)
    {
    }

    /// <summary>Waits for all work in a queue.</summary>
    public virtual void Wait(WorkQueue queue)
    {
    }

    /// <summary>
    /// Runs work that depends only on the contents of device memory and is otherwise the same every time. A device may record it and replay it later.
    /// </summary>
    public virtual void Repeat(WorkQueue queue, Recording recording, Action work) => work();

    public abstract void Dispose();
}

/// <summary>
/// The norm that follows rows of the residual stream: y = x * weight / sqrt(mean(x^2) + epsilon). Only products understand y, which a device need not
/// have divided yet.
/// </summary>
/// <param name="Weight">Its weights.</param>
/// <param name="Epsilon">Its epsilon.</param>
/// <param name="FirstRow">The row of x that row 0 of y belongs to; those before are not wanted.</param>
/// <param name="Y">Receives the normalised rows.</param>
internal readonly record struct NextNorm(Matrix Weight, float Epsilon, int FirstRow, Activations Y);

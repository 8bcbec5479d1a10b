using Sequoia.Native.Models;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Execution;

/// <summary>
/// The device seam: every operation of a speculation step, on one device. All of them are batch-invariant: the bits of a row
/// depend on that row's token path only (docs/architecture.md, numerics contract).
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

    /// <summary>Room for fp32 rows.</summary>
    public abstract Activations Allocate(int rows, int columns);

    /// <summary>Room for rows that are multiplied by weights or keys: rounded to the weights' type where the device multiplies in it.</summary>
    public abstract Activations AllocateFactor(int rows, int columns);

    /// <summary>Brings a norm's weights or a matrix to the device.</summary>
    public abstract Weight Load(TensorView tensor);

    /// <summary>The projections of queries, keys and values as one matrix, for <see cref="ProjectQkv"/>.</summary>
    public abstract Weight LoadQkv(TensorView q, TensorView k, TensorView v, int headDim);

    /// <summary>The projections of gate and up as one matrix, for <see cref="GateUp"/>.</summary>
    public abstract Weight LoadGateUp(TensorView gate, TensorView up);

    /// <summary>What it makes of the weights that a user may not expect; null if nothing.</summary>
    public virtual string? NoteOn(LlamaTensors tensors) => null;

    public abstract KvCache AllocateCache(LlamaConfig config, int capacity);

    /// <summary>Cosines and sines for positions 0 .. positions-1.</summary>
    public abstract RopeTable LoadRope(LlamaConfig config, int positions);

    /// <summary>
    /// Room for a tree's tokens and, unless <paramref name="vocabulary"/> is 0 (a chain for prefill), for drawing and verifying them
    /// by a method.
    /// </summary>
    public abstract TreeState AllocateTree(TokenTree tree, int vocabulary, SpeculationMethod method = SpeculationMethod.Sequoia);

    /// <summary>x[row] = table[token of the row's node].</summary>
    public abstract void Embed(Weight table, TreeState state, TreeRows rows, Activations x);

    /// <summary>y = x * weight / sqrt(mean(x^2) + epsilon) for rows firstRow .. firstRow+count-1 of x, written to rows 0 .. of y.</summary>
    public abstract void RmsNorm(Activations x, int firstRow, int count, Weight weight, float epsilon, Activations y);

    /// <summary>y = x W^T for the first <paramref name="rows"/> rows.</summary>
    public abstract void MatMul(Weight weight, Activations x, Activations y, int rows);

    /// <summary>y += x W^T for the first <paramref name="rows"/> rows.</summary>
    public abstract void MatMulAdd(Weight weight, Activations x, Activations y, int rows);

    /// <summary>
    /// Projects the rows to queries, keys and values, rotates queries and keys by their positions, and stores keys and values in the cache;
    /// queries go to <paramref name="queries"/>.
    /// </summary>
    public abstract void ProjectQkv(Weight weight, Activations x, RopeTable rope, KvCache cache, int layer, TreeState state, TreeRows rows, Activations queries);

    /// <summary>Softmax attention of every row over the committed prefix and the row's own path in the tree.</summary>
    public abstract void Attend(Activations queries, KvCache cache, int layer, TreeState state, TreeRows rows, Activations output);

    /// <summary>hidden = silu(x G^T) * (x U^T) for the first <paramref name="rows"/> rows.</summary>
    public abstract void GateUp(Weight weight, Activations x, Activations hidden, int rows);

    /// <summary>
    /// Draws the children of each row's node from the draft's distribution by the state's method (docs/compare.md); row i of
    /// <paramref name="logits"/> belongs to rows.Nodes[i].
    /// </summary>
    public abstract void DrawChildren(Activations logits, TreeRows rows, TreeState state, SamplingOptions sampling);

    /// <summary>
    /// Walks the tree from the root by the state's method (docs/compare.md); row i of <paramref name="logits"/> is the target's at node
    /// i, for the first <paramref name="nodes"/> nodes. An accepted child beyond them ends the walk. The verdict stays on the device.
    /// </summary>
    public abstract void VerifyTree(Activations logits, int nodes, TreeState state, SamplingOptions sampling);

    /// <summary>
    /// Makes the verdict come true on the device: moves the accepted path's rows of the caches behind the committed ones, makes the token that
    /// follows the root of the next tree, and goes on to the next step's random numbers. The draft has not computed the leaves: of a path that
    /// ends in one, its cache keeps all but that, and <paramref name="pending"/> gets the leaf's token before the root's.
    /// </summary>
    /// <param name="state">The tree, verified.</param>
    /// <param name="pending">A chain of two nodes: what the draft is to compute first; null without a draft.</param>
    /// <param name="target">The target's cache. Its length, like the draft's, is the caller's to change.</param>
    /// <param name="draft">The draft's cache; null without one.</param>
    public abstract void Commit(TreeState state, TreeState? pending, KvCache target, KvCache? draft);

    /// <summary>Waits for the verdict of the last <see cref="VerifyTree"/> and brings it to the host.</summary>
    public virtual void FetchVerdict(TreeState state)
    {
    }

    /// <summary>Waits for everything that this thread has asked for.</summary>
    public virtual void Wait()
    {
    }

    /// <summary>Does work that is the same every time but for what lies in the device's memory: a device may record it, and replay it next time.</summary>
    public virtual void Repeat(Recording recording, Action work) => work();

    public abstract void Dispose();
}

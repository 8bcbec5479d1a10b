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

    public abstract Activations Allocate(int rows, int columns);

    /// <summary>Brings tensors of the same column count to the device as one matrix, stacked in the given order.</summary>
    public abstract Weight Load(params ReadOnlySpan<TensorView> stacked);

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

    /// <summary>Rotates queries and keys of the stacked projection by their positions and stores keys and values in the cache.</summary>
    public abstract void RopeAppend(Activations qkv, RopeTable rope, KvCache cache, int layer, TreeRows rows);

    /// <summary>Softmax attention of every row over the committed prefix and the row's own path in the tree.</summary>
    public abstract void Attend(Activations qkv, KvCache cache, int layer, TreeRows rows, Activations output);

    /// <summary>hidden = silu(gate) * up, with gate and up side by side in each row.</summary>
    public abstract void SiluMul(Activations gateUp, Activations hidden, int rows);

    /// <summary>
    /// Draws the children of each row's node from the draft's distribution by the state's method (docs/compare.md); row i of
    /// <paramref name="logits"/> belongs to rows.Nodes[i].
    /// </summary>
    public abstract void DrawChildren(Activations logits, TreeRows rows, TreeState state, SamplingOptions sampling, RandomKey random);

    /// <summary>
    /// Walks the tree from the root by the state's method (docs/compare.md); row i of <paramref name="logits"/> is the target's at node
    /// i, for the first <paramref name="nodes"/> nodes. An accepted child beyond them ends the walk.
    /// </summary>
    public abstract void VerifyTree(Activations logits, int nodes, TreeState state, SamplingOptions sampling, RandomKey random, Verdict verdict);

    /// <summary>Moves the rows of an ascending path behind the committed rows, in place; the caller then extends Length.</summary>
    public abstract void Compact(KvCache cache, ReadOnlySpan<int> path);

    public abstract void Dispose();
}

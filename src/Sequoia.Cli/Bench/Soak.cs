using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sequoia.Native;
using Sequoia.Native.Backends;

namespace Sequoia.Cli.Bench;

/// <summary>
/// Repeats a pass over a tree: every kernel is deterministic, so all logits must have one hash; and a row's bits depend on its path alone, so each node
/// in a pass of its own must have the same logits. That finds races at sizes for which no reference could be computed.
/// </summary>
internal static class Soak
{
    public static SoakReport Run(BenchedModel model, TokenTree tree, int context, int passes, CancellationToken cancellation)
    {
        Backend backend = model.Llama.Backend;
        using var prepared = new PreparedPasses(model, context, tree.Size);
        using var whole = new Repeated(backend, prepared, prepared.Whole(tree));
        float[][] rows = [.. Enumerable.Range(0, tree.Size).Select(_ => new float[model.Llama.Config.VocabularySize])];
        string? first = null;
        for (int pass = 0; pass < passes; pass++)
        {
            cancellation.ThrowIfCancellationRequested();
            whole.Run();
            string hash = HashOf(prepared, rows);
            first ??= hash;
            if (hash != first)
                return new SoakReport(passes, tree.Size, first, $"pass {pass + 1} has other logits than the first");
        }
        Action[] alone = prepared.Alone(tree);
        float[] row = new float[rows[0].Length];
        for (int node = 0; node < tree.Size; node++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var single = new Repeated(backend, prepared, alone[node]);
            single.Run();
            prepared.Logits.Download(prepared.Queue, 0, row);
            if (!MemoryMarshal.AsBytes(row.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(rows[node].AsSpan())))
                return new SoakReport(passes, tree.Size, first!, $"node {node} by itself has other logits than among {tree.Size}");
        }
        return new SoakReport(passes, tree.Size, first!, rows.All(values => Array.TrueForAll(values, float.IsFinite)) ? null : "logits are not finite");
    }

    private static string HashOf(PreparedPasses prepared, float[][] rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int row = 0; row < rows.Length; row++)
        {
            prepared.Logits.Download(prepared.Queue, row, rows[row]);
            hash.AppendData(MemoryMarshal.AsBytes(rows[row].AsSpan()));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>Work as a step runs it: recorded the first time, if the device can.</summary>
    private sealed class Repeated(Backend backend, PreparedPasses prepared, Action work) : IDisposable
    {
        private readonly Recording _recording = new();

        public void Run()
        {
            backend.Repeat(prepared.Queue, _recording, work);
            backend.Wait(prepared.Queue);
        }

        public void Dispose() => _recording.Forget();
    }
}

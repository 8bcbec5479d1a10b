using System.Runtime.InteropServices;
using System.Text.Json;
using Sequoia.Training.Storage;
using Sequoia.Training.Tokenization;

namespace Sequoia.Training.Corpus;

/// <summary>The encoded corpus: one flat file of 16-bit ids, and an index of its documents.</summary>
internal sealed class TokenStore
{
    private const string IdsFile = "tokens.bin";
    private const string IndexFile = "tokens.json";

    private readonly ushort[] _ids;
    private readonly Dictionary<string, List<(int Start, int Length, bool IsHeldOut)>> _documents = [];

    private TokenStore(ushort[] ids) => _ids = ids;

    /// <summary>Encodes every source of <paramref name="textFolder"/> into <paramref name="folder"/>.</summary>
    public static void Build(string textFolder, string folder, BpeEncoder encoder, TextWriter log)
    {
        var ids = new List<ushort>();
        var index = new Dictionary<string, List<int>>();
        foreach (Source source in Source.All)
        {
            // Lengths; a held-out document's is negative.
            List<int> lengths = index[source.Name] = [];
            int before = ids.Count;
            foreach (Document document in CorpusReader.Read(textFolder, source))
            {
                int start = ids.Count;
                if (document.HasStart) ids.Add(Vocabulary.Start);
                foreach (int id in encoder.Encode(document.Text)) ids.Add((ushort)id);
                if (document.HasEnd) ids.Add(Vocabulary.End);
                lengths.Add(document.IsHeldOut ? start - ids.Count : ids.Count - start);
            }

            long heldOut = -lengths.Where(l => l < 0).Sum(l => (long)l);
            log.WriteLine($"{source.Name,-32} {lengths.Count,6} documents {ids.Count - before,9} tokens, {heldOut,7} held out");
        }

        AtomicFile.Write(Path.Combine(folder, IdsFile), s => s.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(ids))));
        AtomicFile.WriteText(Path.Combine(folder, IndexFile), JsonSerializer.Serialize(index));
    }

    public static TokenStore Open(string folder)
    {
        string path = Path.Combine(folder, IdsFile);
        if (!File.Exists(path)) throw new UsageException($"{path} is missing: run `tokenizer` first.");
        byte[] bytes = File.ReadAllBytes(path);
        var store = new TokenStore(MemoryMarshal.Cast<byte, ushort>(bytes).ToArray());
        string index = File.ReadAllText(Path.Combine(folder, IndexFile));
        int at = 0;
        foreach (Source source in Source.All)
        {
            List<(int, int, bool)> documents = store._documents[source.Name] = [];
            foreach (int length in JsonSerializer.Deserialize<Dictionary<string, int[]>>(index)![source.Name])
            {
                documents.Add((at, Math.Abs(length), length < 0));
                at += Math.Abs(length);
            }
        }

        return store;
    }

    public IEnumerable<ReadOnlyMemory<ushort>> Documents(string source, bool heldOut)
    {
        foreach ((int start, int length, bool isHeldOut) in _documents[source])
        {
            if (isHeldOut == heldOut) yield return _ids.AsMemory(start, length);
        }
    }
}

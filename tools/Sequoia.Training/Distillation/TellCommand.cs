using System.Diagnostics;
using System.Globalization;
using Sequoia.Training.Corpus;
using Sequoia.Training.Modelling;
using Sequoia.Training.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Distillation;

/// <summary>
/// <c>tell</c>: the exported target tells stories for the draft to learn from. Speculation happens on text like this,
/// not on the corpus, and there can be any amount of it.
/// </summary>
internal static class TellCommand
{
    // Most texts at the usual temperature, some nearly greedy, some freer.
    private static readonly float[] Temperatures = [0.6f, 0.6f, 0.6f, 0.3f, 1.0f];

    public static int Run(Arguments arguments)
    {
        string folder = arguments.Text("out", "out/training"), models = arguments.Text("models", "models");
        int rows = arguments.Integer("rows", 2000), batch = arguments.Integer("batch", 100), seed = arguments.Integer("seed", 1);
        double minutes = arguments.Number("minutes", 0);
        ComputeDevice.Use(arguments);
        arguments.RejectUnknown();
        Llama target = ModelFolder.Read(Path.Combine(models, "target"));
        TokenStore store = TokenStore.Open(folder);
        random.manual_seed(seed);
        var clock = Stopwatch.StartNew();
        var told = new List<ushort[]>();
        for (int done = 0; done < rows && (minutes == 0 || clock.Elapsed.TotalMinutes < minutes); done += batch)
        {
            int count = Math.Min(batch, rows - done);
            told.Add(Tell(target, Openings.Draw(store, count, SplitMix64.Hash((ulong)seed, (ulong)done))));
            double rate = (done + count) * ToldText.RowLength / clock.Elapsed.TotalSeconds;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done + count} of {rows} rows, {rate:F0} tokens/s"));
        }

        ToldText.Write(folder, told);
        return 0;
    }

    /// <summary>Rows of <see cref="ToldText.RowLength"/> ids, one behind the other; behind an end a new text starts.</summary>
    internal static ushort[] Tell(Llama target, long[][] openings)
    {
        using DisposeScope all = NewDisposeScope();
        using IDisposable inference = no_grad();
        int rows = openings.Length;
        const int length = ToldText.RowLength;
        // -1 where the target is free.
        long[] given = new long[rows * length];
        Array.Fill(given, -1);
        for (int row = 0; row < rows; row++) openings[row].CopyTo(given, row * length);
        Tensor ids = tensor(given).reshape(rows, length);
        Tensor temperatures = tensor([.. Enumerable.Range(0, rows).Select(row => Temperatures[row % Temperatures.Length])]).unsqueeze(1);
        Tensor start = full(rows, 1, Vocabulary.Start, dtype: ScalarType.Int64);
        var cache = new KvCache(target.Shape, rows, length - 1);
        for (int i = 1; i < length; i++)
        {
            using DisposeScope step = NewDisposeScope();
            Tensor last = ids.narrow(1, i - 1, 1), wanted = ids.narrow(1, i, 1);
            Tensor logits = target.Forward(last, cache).select(1, 0);
            Tensor drawn = nn.functional.softmax(logits / temperatures, 1).multinomial(1);
            drawn = where(last.eq(Vocabulary.End), start, drawn);
            wanted.copy_(where(wanted.less(0), drawn, wanted));
        }

        return [.. ids.cpu().data<long>().Select(id => (ushort)id)];
    }
}

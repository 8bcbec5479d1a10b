using System.Globalization;
using Sequoia.Native;
using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Cli;

/// <summary>Runs `sequoia generate`: text to the output, one line on the speedup to the notes.</summary>
internal static class GenerateJob
{
    public static async Task<int> RunAsync(GenerateSettings settings, string prompt, Streams streams, CancellationToken cancellation)
    {
        void Note(string text) => streams.Notes.WriteLine($"sequoia: {text}");
        using ModelPair pair = await ModelPair.LoadAsync(settings.Target, settings.Draft, settings.Tree, settings.Loading, streams, cancellation);
        (TextGenerator generator, TextGenerator plain) = (pair.Speculative, pair.Plain);
        if (settings.Compare)
        {
            await Generated.WarmUpAsync(generator, prompt, settings.Options, cancellation);
            await Generated.WarmUpAsync(plain, prompt, settings.Options, cancellation);
        }

        bool shown = false;
        void Show(string text)
        {
            streams.Out.Write(text);
            shown = true;
        }
        Action<string> show = settings.Json ? _ => { } : Show;
        Generated result;
        try
        {
            result = await Generated.RunAsync(generator, prompt, settings.Options, show, cancellation);
        }
        catch when (shown)
        {
            // The error gets a line of its own.
            await streams.Out.WriteLineAsync();
            throw;
        }
        bool cancelled = result.Stats.FinishReason == FinishReason.Cancelled;
        if (!settings.Json)
            await streams.Out.WriteLineAsync();
        Generated? compared = settings.Compare && !cancelled ? await CompareAsync(result, plain, prompt, settings.Options, cancellation) : null;
        // A comparison that was cut short is meaningless; the text generated before it is still reported.
        cancelled |= settings.Compare && compared is null;
        if (settings.Json)
            await streams.Out.WriteLineAsync(JsonText.Of(GenerationJson.Of(result, compared)));

        Note(Summary(result.Stats, generator.Plan));
        if (result.Stats.Stream is { HasTimes: false } queued)
        {
            Note($"{MemoryBudget.Text(queued.ResidentBytes)} of weights stayed on the GPU, {MemoryBudget.Text(queued.StreamedBytes)} were copied to it in every step");
        }
        else if (result.Stats.Stream is { } stream)
        {
            Note(string.Create(CultureInfo.InvariantCulture,
                $"{MemoryBudget.Text(stream.ResidentBytes)} of weights stayed in memory, {MemoryBudget.Text((long)stream.BytesPerStep)} a step were read at {stream.BytesPerSecond / 1e9:F2} GB/s, {stream.BytesPerSecond / stream.LinkBytesPerSecond:P0} of the disk's rate; {stream.Waited.TotalSeconds:F1} s waited for them"));
        }
        if (compared is not null)
        {
            Note(result.Stats.HasTimes
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"one token at a time: {compared.Stats.TokensPerSecond:F1} tokens/s; with the tree {result.Stats.TokensPerSecond / compared.Stats.TokensPerSecond:F2} times as fast")
                : $"one token at a time: {compared.Stats.Steps} target passes; with the tree {result.Stats.Steps}");
        }
        return cancelled ? ExitStatus.Cancelled : ExitStatus.Done;
    }

    private static async Task<Generated?> CompareAsync(
        Generated result, TextGenerator plain, string prompt, GenerationOptions options, CancellationToken cancellation)
    {
        try
        {
            Generated compared = await result.AgainAsync(plain, prompt, options, cancellation);
            return compared.Stats.FinishReason == FinishReason.Cancelled ? null : compared;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static string Summary(GenerationStats stats, TreePlan? plan)
    {
        string tree = stats.Tree.Size == 1
            ? "one at a time"
            : string.Create(CultureInfo.InvariantCulture, $"{stats.TokensPerStep:F2} a step with a tree of {stats.Tree.Size} nodes, {stats.Tree.Levels} levels");
        if (plan is { Tree.Size: > 1 })
            tree += string.Create(CultureInfo.InvariantCulture, $" (chosen for this machine; {plan.Speedup:F2} times as fast was predicted)");
        string speed = stats.HasTimes
            ? string.Create(CultureInfo.InvariantCulture, $" in {stats.DecodeTime.TotalSeconds:F2} s, {stats.TokensPerSecond:F1} tokens/s")
            : $" in {stats.Steps} target passes";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{stats.TokenCount} tokens{speed}, {tree}; seed {stats.Seed}, {stats.Device}{(stats.FinishReason == FinishReason.Cancelled ? ", cancelled" : "")}");
    }
}

/// <summary>The checked arguments of `sequoia generate`.</summary>
/// <param name="Target">The target's folder.</param>
/// <param name="Draft">The draft's folder; null decodes one token at a time.</param>
/// <param name="Tree">Null if the user did not choose one.</param>
/// <param name="Options">How to sample and when to stop.</param>
/// <param name="Loading">How to load the models.</param>
/// <param name="Compare">Whether to decode the same number of tokens one at a time afterwards.</param>
/// <param name="Json">Whether to print one JSON object instead of the text.</param>
internal sealed record GenerateSettings(
    string Target, string? Draft, TreePolicy? Tree, GenerationOptions Options, LoadOptions Loading, bool Compare, bool Json);

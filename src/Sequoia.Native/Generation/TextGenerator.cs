using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Sequoia.Native.Execution;
using Sequoia.Native.Generation;

namespace Sequoia.Native;

/// <summary>
/// Generates text with a target model, sped up by a draft model that grows a tree of guesses which the target checks in one pass.
/// The output has exactly the target's distribution, whatever the draft and the tree; greedy output is the same token for token.
/// Calls from several threads are queued. The models must outlive the generator.
/// </summary>
public sealed class TextGenerator : IDisposable
{
    // Caches grow in steps of this many tokens, so that a slightly longer prompt does not mean a new one.
    private const int ContextStep = 256;

    private readonly LanguageModel _target;
    private readonly LanguageModel? _draft;
    private readonly SpeculationMethod _method;
    private readonly bool _rootOnly;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Decoder? _decoder;

    /// <summary>Creates a generator; memory for the sequence is taken when it is first used.</summary>
    /// <param name="target">The model whose distribution the output has.</param>
    /// <param name="draft">A small model over the same vocabulary; null decodes one token at a time.</param>
    /// <param name="tree">
    /// The tree's shape; by default <see cref="TreePolicy.DefaultFor"/>. <see cref="TreePolicy.Auto"/> measures the pair for some
    /// seconds the first time that it meets it on a machine.
    /// </param>
    /// <param name="method">How guesses are drawn and checked; others than the default are there to be compared with.</param>
    /// <exception cref="InvalidInputException">The vocabularies differ, a tree is asked for without a draft, or the tree cannot be made.</exception>
    public TextGenerator(LanguageModel target, LanguageModel? draft = null, TreePolicy? tree = null, SpeculationMethod method = SpeculationMethod.Sequoia)
        : this(target, draft, tree, method, rootOnly: false)
    {
    }

    private TextGenerator(LanguageModel target, LanguageModel? draft, TreePolicy? tree, SpeculationMethod method, bool rootOnly)
    {
        ArgumentNullException.ThrowIfNull(target);
        tree ??= TreePolicy.DefaultFor(draft?.Folder);
        TokenTree shape = tree.ResolveFor(draft?.Folder);
        if (shape.Size > 1 && draft is null)
            throw new InvalidInputException($"tree: '{tree}' needs a draft model; name one, or use none");
        if (draft is not null && (draft.Llama.Config.VocabularySize != target.Llama.Config.VocabularySize || !draft.Tokenizer.SameVocabulary(target.Tokenizer)))
            throw new InvalidInputException($"draft: {draft.Folder} has another vocabulary than {target.Folder}; use a draft with the target's tokenizer");
        if (draft is not null && draft.Device != target.Device)
            throw new InvalidInputException($"draft: is on {draft.Device}, and the target on {target.Device}; load both on one device");
        // A device without times has nothing to choose by: the shape that fits any.
        if (tree == TreePolicy.Auto && target.HasTimes && draft is not null && AcceptanceVector.OfDraft(draft.Folder) is { } acceptance)
            Plan = AutoTree.For(target, draft, acceptance);
        Tree = Plan?.Tree ?? shape;
        int mostChildren = Enumerable.Range(0, Tree.Size).Max(Tree.ChildCount);
        if (mostChildren > target.Llama.Config.VocabularySize)
            throw new InvalidInputException($"tree: a node has {mostChildren} children, more than the vocabulary's {target.Llama.Config.VocabularySize} tokens; use a narrower tree");
        _target = target;
        _draft = Tree.Size > 1 ? draft : null;
        _method = method;
        _rootOnly = rootOnly;
    }

    /// <summary>The shape of the tree that every step grows; a lone root without speculation.</summary>
    public TokenTree Tree { get; }

    /// <summary>What <see cref="TreePolicy.Auto"/> chose and what it predicts; null with any other policy.</summary>
    public TreePlan? Plan { get; }

    /// <summary>
    /// Generates a text that continues <paramref name="prompt"/> (BOS is put before it). The first chunk comes after prefill, then one
    /// for each step; the last one carries the stats. Cancelling ends the sequence within one step, with a last chunk that says
    /// <see cref="FinishReason.Cancelled"/>; it does not throw once decoding has begun.
    /// </summary>
    /// <exception cref="InvalidInputException">An option is out of range, or the prompt is empty and the model has no BOS.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit the model's context.</exception>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options ??= new GenerationOptions();
        options.Check();
        int[] ids = Encode(prompt);
        return RunAsync(ids, options, cancellationToken);
    }

    /// <summary>Frees the sequence's memory. No generation may be running.</summary>
    public void Dispose()
    {
        _decoder?.Dispose();
        _turn.Dispose();
    }

    /// <summary>A generator that walks one position at a time with so many children below the root, for <see cref="Walk"/> alone.</summary>
    internal static TextGenerator OfStar(LanguageModel target, LanguageModel draft, int children, SpeculationMethod method) =>
        new(target, draft, TreePolicy.Chains(children, 1), method, rootOnly: true);

    /// <summary>Generates a text for the sake of its verdicts, on the caller's thread.</summary>
    internal void Walk(string prompt, GenerationOptions options, Action<Verdict> onStep, CancellationToken cancellation)
    {
        options.Check();
        int[] ids = Encode(prompt);
        int limit = Limit(ids, options);
        Decoder decoder = DecoderFor(ids.Length + limit);
        decoder.Start(ids, options.Sampling, options.Seed ?? 0, cancellation);
        for (int generated = 0; generated < limit;)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<int> tokens = decoder.Step();
            onStep(decoder.Verdict);
            if (!options.IgnoreEos && IndexOfStop(tokens) >= 0)
                return;
            generated += tokens.Length;
        }
    }

    private int[] Encode(string prompt)
    {
        int[] ids = [.. _target.BosId is { } bos ? (int[])[bos] : [], .. _target.Tokenizer.Encode(prompt)];
        if (ids.Length == 0)
            throw new InvalidInputException("prompt: it is empty and the model has no BOS token to begin with; give some text");
        return ids.Length < _target.ContextLength ? ids : throw new ContextLengthExceededException(ids.Length + 1, _target.ContextLength);
    }

    private int Limit(int[] prompt, GenerationOptions options) =>
        (int)Math.Min((long)prompt.Length + options.MaxTokens, _target.ContextLength) - prompt.Length;

    private async IAsyncEnumerable<GenerationChunk> RunAsync(int[] prompt, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var chunks = Channel.CreateUnbounded<GenerationChunk>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
            using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            // A thread of its own: decoding computes without a pause and must not hold one of the pool's.
            Task work = Task.Factory.StartNew(() => Produce(prompt, options, chunks.Writer, abandoned.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            try
            {
                await foreach (GenerationChunk chunk in chunks.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                    yield return chunk;
            }
            finally
            {
                // A caller that stops early must not leave the thread at work on the next one's memory.
                await abandoned.CancelAsync().ConfigureAwait(false);
                await work.ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Produce(int[] prompt, GenerationOptions options, ChannelWriter<GenerationChunk> chunks, CancellationToken cancellation)
    {
        try
        {
            Generate(prompt, options, chunks, cancellation);
            chunks.Complete();
        }
        catch (Exception e)
        {
            chunks.Complete(e);
        }
    }

    private void Generate(int[] prompt, GenerationOptions options, ChannelWriter<GenerationChunk> chunks, CancellationToken cancellation)
    {
        int limit = Limit(prompt, options);
        Decoder decoder = DecoderFor(prompt.Length + limit);
        // 53 bits: a seed that is reported in JSON must survive readers that take numbers for doubles.
        ulong seed = options.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) >> 11;
        TokenDecoder text = _target.Tokenizer.CreateDecoder(prompt);

        long start = Stopwatch.GetTimestamp();
        TimeSpan prefill = TimeSpan.Zero;
        int generated = 0, cutOff = 0;
        FinishReason? finish = null;
        try
        {
            decoder.Start(prompt, options.Sampling, seed, cancellation);
            prefill = Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
        }
        catch (OperationCanceledException)
        {
            finish = FinishReason.Cancelled;
            prefill = Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
        }
        while (finish is null)
        {
            ReadOnlySpan<int> committed = decoder.Step();
            ReadOnlySpan<int> tokens = committed[..Math.Min(committed.Length, limit - generated)];
            int stop = options.IgnoreEos ? -1 : IndexOfStop(tokens);
            if (stop >= 0)
                tokens = tokens[..(stop + 1)];
            generated += tokens.Length;
            cutOff = committed.Length - tokens.Length;
            finish = stop >= 0 ? FinishReason.Stop : generated == limit ? FinishReason.Length : cancellation.IsCancellationRequested ? FinishReason.Cancelled : null;
            string piece = "";
            foreach (int token in tokens)
                piece += text.Append(token);
            chunks.TryWrite(new GenerationChunk(piece, tokens.ToArray()));
        }
        chunks.TryWrite(new GenerationChunk(text.Flush(), [], new GenerationStats
        {
            FinishReason = finish.Value,
            PromptTokens = prompt,
            Tokens = generated,
            CutOff = cutOff,
            Steps = decoder.Steps,
            DecodeTime = Stopwatch.GetElapsedTime(start),
            PrefillTime = prefill,
            LoadTime = _target.LoadTime + (_draft?.LoadTime ?? TimeSpan.Zero),
            DraftTime = decoder.DraftTime,
            VerifyTime = decoder.VerifyTime,
            SamplingTime = decoder.SamplingTime,
            Seed = seed,
            Tree = Tree,
            Device = _target.Device,
            HasTimes = _target.HasTimes,
            HasPhaseTimes = _target.HasTimes && !_target.Llama.Backend.IsAsynchronous,
        }));
    }

    private int IndexOfStop(ReadOnlySpan<int> tokens)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            if (_target.EosIds.Contains(tokens[i]))
                return i;
        }
        return -1;
    }

    private Decoder DecoderFor(int tokens)
    {
        if (_decoder is { } existing && existing.Context >= tokens)
            return existing;
        _decoder?.Dispose();
        _decoder = null;
        int context = Math.Min((tokens + ContextStep - 1) / ContextStep * ContextStep, _target.ContextLength);
        return _decoder = new Decoder(_target.Llama, _draft?.Llama, Tree, context, _method, _rootOnly);
    }
}

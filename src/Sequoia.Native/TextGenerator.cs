using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Engine;
using Sequoia.Native.Tokenization;
using StringBuilder = System.Text.StringBuilder;

namespace Sequoia.Native;

/// <summary>
/// Generates text with a target model. A draft model speeds it up: the draft grows a tree of guesses, and the target checks the tree in one pass.
/// The output has exactly the target's distribution, for any draft and any tree; greedy output is the same token for token.
/// Thread-safe: calls are queued, including calls made while a text of this generator is being read.
/// </summary>
/// <remarks>
/// A generator keeps its models' memory alive, so the models may be disposed first. <see cref="Dispose"/> may be called at any time: a running text
/// ends with a last chunk with <see cref="FinishReason.Cancelled"/>. The garbage collector frees a generator that is never disposed.
/// </remarks>
public sealed class TextGenerator : IDisposable, IAsyncDisposable
{
    // Caches grow in steps of this many tokens, so that a slightly longer prompt does not need a new cache.
    private const int ContextStep = 256;

    private readonly LanguageModel _target;
    private readonly LanguageModel? _draft;
    private readonly SpeculationMethod _method;
    private readonly bool _rootOnly;
    private readonly ModelLease _targetLease;
    private readonly ModelLease? _draftLease;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _stopping = new();
    // Ends the running text; null between texts.
    private CancellationTokenSource? _running;
    private bool _closed;
    private Decoder? _decoder;

    /// <summary>
    /// Creates a generator. The constructor measures, writes and computes nothing. Memory for the sequence is allocated on first use.
    /// </summary>
    /// <param name="target">The model whose distribution the output has.</param>
    /// <param name="draft">A small model with the same vocabulary; null to decode one token at a time.</param>
    /// <param name="tree">
    /// The tree's shape; by default <see cref="TreePolicy.DefaultFor"/>. <see cref="TreePolicy.Auto"/> uses the costs measured for the pair on this
    /// machine in the last 30 days. Without such costs it uses the optimal tree of three nodes.
    /// <see cref="CreateAsync"/> measures instead.
    /// </param>
    /// <param name="method">How guesses are drawn and checked. Methods other than the default are for comparison.</param>
    /// <exception cref="InvalidInputException">The vocabularies or devices differ, a tree is given without a draft, or the tree cannot be built.</exception>
    /// <exception cref="ObjectDisposedException">A model was disposed.</exception>
    public TextGenerator(LanguageModel target, LanguageModel? draft = null, TreePolicy? tree = null, SpeculationMethod method = SpeculationMethod.Sequoia)
        : this(target, draft, TreeDecision.Of(target, draft, tree), method, rootOnly: false)
    {
    }

    private TextGenerator(LanguageModel target, LanguageModel? draft, TreeDecision decision, SpeculationMethod method, bool rootOnly)
    {
        if (!Enum.IsDefined(method))
            throw new ArgumentOutOfRangeException(nameof(method), method, "no method of speculation");
        (_target, _method, _rootOnly, Tree, Plan) = (target, method, rootOnly, decision.Tree, decision.Plan);
        _draft = Tree.Size > 1 ? draft : null;
        _targetLease = target.Lease();
        try
        {
            _draftLease = _draft?.Lease();
        }
        catch
        {
            _targetLease.Dispose();
            throw;
        }
    }

    /// <summary>The shape of the tree that every step grows; a lone root without speculation.</summary>
    public TokenTree Tree { get; }

    /// <summary>The plan that <see cref="TreePolicy.Auto"/> chose by measured costs, with its predictions; null if costs did not decide.</summary>
    public TreePlan? Plan { get; }

    /// <summary>
    /// Creates a generator with the fastest tree for this pair on this machine. With <see cref="TreePolicy.Auto"/>, which is the default if the
    /// draft's acceptance is known, the first call for a pair measures the cost of passes. This takes about 3 seconds on a separate thread. The costs
    /// are kept for 30 days in <see cref="LoadOptions.CacheFolder"/>. In all other cases this method is equivalent to the constructor.
    /// </summary>
    /// <param name="target">The model whose distribution the output has.</param>
    /// <param name="draft">A small model with the same vocabulary; null to decode one token at a time.</param>
    /// <param name="tree">The tree's shape; by default <see cref="TreePolicy.DefaultFor"/>.</param>
    /// <param name="method">How guesses are drawn and checked.</param>
    /// <param name="progress">Receives the completed share of the measurement, 0 to 1, on the measuring thread. Not called if nothing is measured.</param>
    /// <param name="cancellationToken">Stops the measurement after the current pass; its results are discarded.</param>
    /// <exception cref="InvalidInputException">The vocabularies or devices differ, a tree is given without a draft, or the tree cannot be built.</exception>
    /// <exception cref="ObjectDisposedException">A model was disposed.</exception>
    /// <exception cref="OperationCanceledException">The measurement was cancelled.</exception>
    public static async Task<TextGenerator> CreateAsync(
        LanguageModel target, LanguageModel? draft = null, TreePolicy? tree = null, SpeculationMethod method = SpeculationMethod.Sequoia,
        IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        TreeDecision decision = TreeDecision.Of(target, draft, tree);
        if (decision.Undecided is not null)
        {
            decision = await Task.Factory.StartNew(
                () => decision.Measure(target, draft!, progress, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        }
        return new TextGenerator(target, draft, decision, method, rootOnly: false);
    }

    /// <summary>
    /// Generates a text that continues <paramref name="prompt"/>; BOS is prepended. The first chunk follows prefill, and every step yields one more.
    /// The last chunk carries the stats. Cancelling, or disposing the generator, ends the text within one step, with a last chunk
    /// with <see cref="FinishReason.Cancelled"/>; neither throws once the text has begun.
    /// </summary>
    /// <remarks>
    /// The text is computed on its own thread, which does not wait for the reader. A further call, even from inside the loop that reads this
    /// text, waits until the text ends and then begins. A reader that stops without disposing its enumerator therefore delays other calls no longer than
    /// that. Leaving <c>await foreach</c> ends the text within one step. A call that is still waiting for its turn throws
    /// <see cref="OperationCanceledException"/> or <see cref="ObjectDisposedException"/>.
    /// </remarks>
    /// <param name="prompt">The text to continue. Special tokens written out in it become their ids; a BOS at its beginning is not doubled.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the text.</param>
    /// <exception cref="ArgumentException">An option is invalid.</exception>
    /// <exception cref="InvalidInputException">The prompt is empty and the model has no BOS.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit the model's context.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed, before this call or before the text began.</exception>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Begin(Encode(prompt), options, cancellationToken);

    /// <summary>Generates a text that continues a tokenized prompt, such as <see cref="Tokenizer.Encode"/> returns. The ids are used unchanged.</summary>
    /// <param name="prompt">Token ids, at least one; BOS is not prepended.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the text.</param>
    /// <exception cref="ArgumentException">There is no token, an id is not in the model's vocabulary, or an option is invalid.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit the model's context.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed, before this call or before the text began.</exception>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(ReadOnlyMemory<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Begin(Checked(prompt.ToArray()), options, cancellationToken);

    /// <summary>Generates a whole text: <see cref="GenerateAsync(string, GenerationOptions?, CancellationToken)"/> in one piece.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cancellationToken">
    /// Ends the text: the result is the text so far, with <see cref="FinishReason.Cancelled"/>. Before the text's turn, the call throws.
    /// </param>
    /// <exception cref="ArgumentException">An option is invalid, or the prompt contains an id that is not a token.</exception>
    /// <exception cref="InvalidInputException">The prompt is empty, or does not fit the model's context.</exception>
    /// <exception cref="OperationCanceledException">The call was cancelled before its turn.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed before the text began.</exception>
    public Task<GenerationResult> GenerateTextAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        JoinAsync(GenerateAsync(prompt, options, cancellationToken));

    /// <summary>Generates a whole text that continues a tokenized prompt.</summary>
    /// <param name="prompt">Token ids, at least one; BOS is not prepended.</param>
    /// <param name="options">The generation options; null for the defaults.</param>
    /// <param name="cancellationToken">
    /// Ends the text: the result is the text so far, with <see cref="FinishReason.Cancelled"/>. Before the text's turn, the call throws.
    /// </param>
    /// <exception cref="ArgumentException">An option is invalid, or the prompt contains an id that is not a token.</exception>
    /// <exception cref="InvalidInputException">The prompt is empty, or does not fit the model's context.</exception>
    /// <exception cref="OperationCanceledException">The call was cancelled before its turn.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed before the text began.</exception>
    public Task<GenerationResult> GenerateTextAsync(ReadOnlyMemory<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        JoinAsync(GenerateAsync(prompt, options, cancellationToken));

    /// <summary>
    /// Ends the running text, waits for its current step and frees the memory. Texts that have not begun throw. May be called at any time, from any
    /// thread (including the loop that reads the text), and more than once.
    /// </summary>
    public void Dispose()
    {
        Close();
        _turn.Wait();
        Free();
    }

    /// <summary>The same as <see cref="Dispose"/>, but does not block the thread while waiting.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await _turn.WaitAsync().ConfigureAwait(false);
        Free();
    }

    /// <summary>A generator that advances one position per step, with that many children of the root; only for <see cref="Walk"/>.</summary>
    internal static TextGenerator OfStar(LanguageModel target, LanguageModel draft, int children, SpeculationMethod method) =>
        new(target, draft, TreeDecision.Of(target, draft, TreePolicy.Chains(children, 1)), method, rootOnly: true);

    /// <summary>Generates a text for its verdicts, on the caller's thread.</summary>
    internal void Walk(string prompt, GenerationOptions options, Action<Verdict> onStep, CancellationToken cancellation)
    {
        options.Check(_target.Config.VocabularySize);
        int[] ids = Encode(prompt);
        int limit = Limit(ids, options);
        Decoder decoder = DecoderFor(ids.Length + limit);
        decoder.Start(ids, options.Sampling, options.Seed ?? 0, cancellation);
        for (int generated = 0; generated < limit;)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<int> tokens = decoder.Step(cancellation);
            onStep(decoder.Verdict);
            foreach (int token in tokens)
            {
                if (EndsText(token, options))
                    return;
            }
            generated += tokens.Length;
        }
    }

    private static ObjectDisposedException Gone => new(nameof(TextGenerator));

    private static async Task<GenerationResult> JoinAsync(IAsyncEnumerable<GenerationChunk> chunks)
    {
        var text = new StringBuilder();
        List<int> tokens = [];
        GenerationStats? stats = null;
        await foreach (GenerationChunk chunk in chunks.ConfigureAwait(false))
        {
            text.Append(chunk.Text);
            tokens.AddRange(chunk.Tokens);
            stats = chunk.Stats ?? stats;
        }
        return new GenerationResult(text.ToString(), tokens, stats!);
    }

    private IAsyncEnumerable<GenerationChunk> Begin(int[] prompt, GenerationOptions? options, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _closed))
            throw Gone;
        options ??= new GenerationOptions();
        options.Check(_target.Config.VocabularySize);
        return RunAsync(prompt, options, cancellation);
    }

    private int[] Encode(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        int[] ids = _target.Tokenizer.Encode(prompt);
        if (_target.BosId is { } bos && (ids.Length == 0 || ids[0] != bos))
            ids = [bos, .. ids];
        return ids.Length > 0 ? Checked(ids) : throw new InvalidInputException("prompt: it is empty and the model has no BOS token to begin with; give some text") { Parameter = "prompt" };
    }

    private int[] Checked(int[] prompt)
    {
        if (prompt.Length == 0)
            throw new ArgumentException("has no tokens; give at least one", nameof(prompt));
        foreach (int id in prompt)
        {
            if ((uint)id >= (uint)_target.Config.VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(prompt), id, $"is no token id: the model has 0 to {_target.Config.VocabularySize - 1}");
        }
        return prompt.Length < _target.ContextLength ? prompt : throw new ContextLengthExceededException(prompt.Length + 1, _target.ContextLength);
    }

    private int Limit(int[] prompt, GenerationOptions options) =>
        (int)Math.Min((long)prompt.Length + options.MaxTokens, _target.ContextLength) - prompt.Length;

    private async IAsyncEnumerable<GenerationChunk> RunAsync(int[] prompt, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var chunks = Channel.CreateUnbounded<GenerationChunk>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var ended = new CancellationTokenSource();
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        Task work;
        try
        {
            Begin(ended);
            // A dedicated thread: decoding computes without pauses and must not block a pool thread.
            work = Task.Factory.StartNew(
                () => Produce(prompt, options, chunks.Writer, ended, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch
        {
            End();
            throw;
        }
        try
        {
            await foreach (GenerationChunk chunk in chunks.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return chunk;
        }
        finally
        {
            // A caller that stops early does not need the rest.
            await ended.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
    }

    /// <summary>Generates a text from start to end, even if its reader stops, and then releases the turn.</summary>
    private void Produce(int[] prompt, GenerationOptions options, ChannelWriter<GenerationChunk> chunks, CancellationTokenSource ended, CancellationToken cancellation)
    {
        Exception? failure = null;
        try
        {
            using CancellationTokenRegistration registered = cancellation.UnsafeRegister(static ended => ((CancellationTokenSource)ended!).Cancel(), ended);
            Generate(prompt, options, chunks, ended.Token);
        }
        catch (Exception e)
        {
            failure = e;
        }
        End();
        chunks.Complete(failure);
    }

    private void Begin(CancellationTokenSource ended)
    {
        lock (_stopping)
        {
            if (_closed)
                throw Gone;
            _running = ended;
        }
    }

    private void End()
    {
        lock (_stopping)
            _running = null;
        _turn.Release();
    }

    private void Close()
    {
        lock (_stopping)
        {
            _closed = true;
            _running?.Cancel();
        }
    }

    // Takes its turn, like a text: nothing uses what is freed.
    private void Free()
    {
        try
        {
            _decoder?.Dispose();
            _decoder = null;
            _targetLease.Dispose();
            _draftLease?.Dispose();
        }
        finally
        {
            _turn.Release();
        }
    }

    private void Generate(int[] prompt, GenerationOptions options, ChannelWriter<GenerationChunk> chunks, CancellationToken cancellation)
    {
        int limit = Limit(prompt, options);
        Decoder decoder = DecoderFor(prompt.Length + limit);
        // 53 bits: a seed that is reported in JSON must survive readers that parse numbers as doubles.
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
        var stops = new StopStrings(options.StopStrings);
        int root = prompt[^1];
        var piece = new StringBuilder();
        WeightStreamInfo? streamBefore = _targetLease.Llama.Backend.Stream;
        while (finish is null)
        {
            ReadOnlySpan<int> committed;
            try
            {
                committed = decoder.Step(cancellation);
            }
            catch (OperationCanceledException)
            {
                finish = FinishReason.Cancelled;
                break;
            }
            int count = 0, room = Math.Min(committed.Length, limit - generated);
            while (count < room && finish is null)
            {
                int token = committed[count++];
                if (EndsText(token, options))
                {
                    finish = FinishReason.Stop;
                    break;
                }
                piece.Append(stops.Append(text.Append(token)));
                if (stops.Found is not null)
                    finish = FinishReason.Stop;
            }
            generated += count;
            cutOff = committed.Length - count;
            finish ??= generated == limit ? FinishReason.Length : cancellation.IsCancellationRequested ? FinishReason.Cancelled : null;
            chunks.TryWrite(new GenerationChunk(piece.ToString(), committed[..count].ToArray(), null, options.Trace ? StepOf(decoder, root) : null));
            piece.Clear();
            root = committed[^1];
        }
        TimeSpan decoding = Stopwatch.GetElapsedTime(start);
        string rest = stops.Append(text.Flush()) + stops.Flush();
        chunks.TryWrite(new GenerationChunk(rest, [], new GenerationStats
        {
            FinishReason = stops.Found is null ? finish.Value : FinishReason.Stop,
            StopString = stops.Found,
            PromptTokens = prompt,
            TokenCount = generated,
            CutOff = cutOff,
            Steps = decoder.Steps,
            DecodeTime = decoding,
            PrefillTime = prefill,
            LoadTime = _target.LoadTime + (_draft?.LoadTime ?? TimeSpan.Zero),
            DraftTime = decoder.DraftTime,
            VerifyTime = decoder.VerifyTime,
            SamplingTime = decoder.SamplingTime,
            Seed = seed,
            Tree = Tree,
            Device = _target.Device,
            HasTimes = _target.HasTimes,
            Stream = StreamOf(streamBefore, _targetLease.Llama.Backend.Stream, decoder.Steps, decoding),
            HasPhaseTimes = _target.HasTimes && !_targetLease.Llama.Backend.IsAsynchronous,
        }));
    }

    private static StreamStats? StreamOf(WeightStreamInfo? before, WeightStreamInfo? after, int steps, TimeSpan time) => before is null || after is null ? null : !after.HasTimes
        ? new StreamStats(after.Plan.StreamedBytes, 0, 0, TimeSpan.Zero, after.Plan.StreamedBytes, after.Plan.ResidentBytes, after.Plan.RingBytes) { HasTimes = false }
        : new StreamStats(
        (double)(after.BytesRead - before.BytesRead) / Math.Max(1, steps), (after.BytesRead - before.BytesRead) / Math.Max(time.TotalSeconds, 1e-9),
        after.LinkBytesPerSecond, after.Waited - before.Waited, after.Plan.StreamedBytes, after.Plan.ResidentBytes, after.Plan.RingBytes);

    private bool EndsText(int token, GenerationOptions options) =>
        (!options.IgnoreEos && _target.EosIds.Contains(token)) || options.StopTokens.Contains(token);

    private GenerationStep StepOf(Decoder decoder, int root)
    {
        int[] tokens = new int[Tree.Size];
        decoder.DownloadNodes(0, tokens);
        // The device has already written the next tree's root there.
        tokens[0] = root;
        return new GenerationStep(tokens, Tree.Parents.ToArray(), decoder.Verdict.Path.ToArray());
    }

    private Decoder DecoderFor(int tokens)
    {
        if (_decoder is { } existing && existing.Context >= tokens)
            return existing;
        _decoder?.Dispose();
        _decoder = null;
        int context = Math.Min((tokens + ContextStep - 1) / ContextStep * ContextStep, _target.ContextLength);
        return _decoder = new Decoder(_targetLease.Llama, _draftLease?.Llama, Tree, context, _method, _rootOnly);
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Threading.Channels;
using Sequoia.Native.Backends;
using Sequoia.Native.Engine;
using Sequoia.Native.Tokenization;
using StringBuilder = System.Text.StringBuilder;

namespace Sequoia.Native;

/// <summary>
/// Generates text with a target model, sped up by a draft model that grows a tree of guesses which the target checks in one pass.
/// The output has exactly the target's distribution, whatever the draft and the tree; greedy output is the same token for token.
/// Thread-safe: calls are queued, also those made while a text of this generator is being read.
/// </summary>
/// <remarks>
/// A generator holds its models' memory, so the models may be disposed of before it. <see cref="Dispose"/> may be called at any time: a running text
/// ends with a last chunk that says <see cref="FinishReason.Cancelled"/>. A generator that is forgotten is freed by the garbage collector.
/// </remarks>
public sealed class TextGenerator : IDisposable, IAsyncDisposable
{
    // Caches grow in steps of this many tokens, so that a slightly longer prompt does not mean a new one.
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
    /// Creates a generator. Nothing is measured, written or computed, and memory for the sequence is taken when it is first used.
    /// </summary>
    /// <param name="target">The model whose distribution the output has.</param>
    /// <param name="draft">A small model over the same vocabulary; null decodes one token at a time.</param>
    /// <param name="tree">
    /// The tree's shape; by default <see cref="TreePolicy.DefaultFor"/>. With <see cref="TreePolicy.Auto"/> the costs decide that were measured for
    /// the pair on this machine in the last 30 days; where there are none, the optimal tree of three nodes is taken.
    /// <see cref="CreateAsync"/> measures instead.
    /// </param>
    /// <param name="method">How guesses are drawn and checked; others than the default are there to be compared with.</param>
    /// <exception cref="InvalidInputException">The vocabularies or devices differ, a tree is asked for without a draft, or the tree cannot be made.</exception>
    /// <exception cref="ObjectDisposedException">A model was disposed of.</exception>
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

    /// <summary>What <see cref="TreePolicy.Auto"/> chose by measured costs, and what it predicts; null where costs have not decided.</summary>
    public TreePlan? Plan { get; }

    /// <summary>
    /// Creates a generator whose tree is the fastest for this pair on this machine. With <see cref="TreePolicy.Auto"/>, which is the default where the
    /// draft's acceptance is known, the first call for a pair measures what passes cost: about 3 seconds on a thread of its own. The costs
    /// are kept for 30 days in <see cref="LoadOptions.CacheFolder"/>. In all other cases this is the constructor.
    /// </summary>
    /// <param name="target">The model whose distribution the output has.</param>
    /// <param name="draft">A small model over the same vocabulary; null decodes one token at a time.</param>
    /// <param name="tree">The tree's shape; by default <see cref="TreePolicy.DefaultFor"/>.</param>
    /// <param name="method">How guesses are drawn and checked.</param>
    /// <param name="progress">Receives the share of the measurement that is done, 0 to 1, on the measuring thread; nothing where nothing is measured.</param>
    /// <param name="cancellationToken">Stops the measurement after the pass at hand; nothing is kept then.</param>
    /// <exception cref="InvalidInputException">The vocabularies or devices differ, a tree is asked for without a draft, or the tree cannot be made.</exception>
    /// <exception cref="ObjectDisposedException">A model was disposed of.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
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
    /// Generates a text that continues <paramref name="prompt"/> (BOS is put before it). The first chunk comes after prefill, then one
    /// for each step; the last one carries the stats. Cancelling, and disposing of the generator, end the text within one step, with a last chunk
    /// that says <see cref="FinishReason.Cancelled"/>; neither throws once the text has begun.
    /// </summary>
    /// <remarks>
    /// The text is computed on a thread of its own, which does not wait for the reader. So a further call, also from inside the loop that reads this
    /// one, waits for the text's end and then begins; and a reader that stops without disposing of its enumerator holds nobody up for longer than
    /// that. Leaving <c>await foreach</c> ends the text within one step. A call that is still waiting for its turn throws: the token's
    /// <see cref="OperationCanceledException"/>, or <see cref="ObjectDisposedException"/>.
    /// </remarks>
    /// <param name="prompt">The text to continue. Special tokens written out in it become their ids; a BOS at its beginning is not doubled.</param>
    /// <param name="options">How; the defaults if null.</param>
    /// <param name="cancellationToken">Ends the text.</param>
    /// <exception cref="ArgumentException">An option is not possible.</exception>
    /// <exception cref="InvalidInputException">The prompt is empty and the model has no BOS.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit the model's context.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed of, before this call or before the text began.</exception>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Begin(Encode(prompt), options, cancellationToken);

    /// <summary>The same for a prompt that is tokens already, such as <see cref="Tokenizer.Encode"/> makes: they are taken as they are.</summary>
    /// <param name="prompt">Token ids, at least one; BOS is not put before them.</param>
    /// <param name="options">How; the defaults if null.</param>
    /// <param name="cancellationToken">Ends the text.</param>
    /// <exception cref="ArgumentException">There is no token, an id is none of the model's, or an option is not possible.</exception>
    /// <exception cref="ContextLengthExceededException">The prompt does not fit the model's context.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed of, before this call or before the text began.</exception>
    public IAsyncEnumerable<GenerationChunk> GenerateAsync(ReadOnlyMemory<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        Begin(Checked(prompt.ToArray()), options, cancellationToken);

    /// <summary>Generates a whole text: what <see cref="GenerateAsync(string, GenerationOptions?, CancellationToken)"/> does, in one piece.</summary>
    /// <param name="prompt">The text to continue.</param>
    /// <param name="options">How; the defaults if null.</param>
    /// <param name="cancellationToken">
    /// Ends the text: the result is what there was until then, and says <see cref="FinishReason.Cancelled"/>. Before the text's turn has come it throws.
    /// </param>
    /// <exception cref="ArgumentException">An option is not possible, or the prompt has an id that is no token.</exception>
    /// <exception cref="InvalidInputException">The prompt is empty, or does not fit the model's context.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before its turn had come.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed of before the text began.</exception>
    public Task<GenerationResult> GenerateTextAsync(string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        JoinAsync(GenerateAsync(prompt, options, cancellationToken));

    /// <summary>The same for a prompt of tokens.</summary>
    /// <param name="prompt">Token ids, at least one; BOS is not put before them.</param>
    /// <param name="options">How; the defaults if null.</param>
    /// <param name="cancellationToken">
    /// Ends the text: the result is what there was until then, and says <see cref="FinishReason.Cancelled"/>. Before the text's turn has come it throws.
    /// </param>
    /// <exception cref="ArgumentException">An option is not possible, or the prompt has an id that is no token.</exception>
    /// <exception cref="InvalidInputException">The prompt is empty, or does not fit the model's context.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before its turn had come.</exception>
    /// <exception cref="ObjectDisposedException">The generator was disposed of before the text began.</exception>
    public Task<GenerationResult> GenerateTextAsync(ReadOnlyMemory<int> prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default) =>
        JoinAsync(GenerateAsync(prompt, options, cancellationToken));

    /// <summary>
    /// Ends the running text, waits for its current step and frees the memory; texts that have not begun throw. May be called at any time, from any
    /// thread (also from the loop that reads the text), and more than once.
    /// </summary>
    public void Dispose()
    {
        Close();
        _turn.Wait();
        Free();
    }

    /// <summary>The same as <see cref="Dispose"/>, without holding the thread while it waits.</summary>
    public async ValueTask DisposeAsync()
    {
        Close();
        await _turn.WaitAsync().ConfigureAwait(false);
        Free();
    }

    /// <summary>A generator that steps one position at a time with that many children below the root, for <see cref="Walk"/> alone.</summary>
    internal static TextGenerator OfStar(LanguageModel target, LanguageModel draft, int children, SpeculationMethod method) =>
        new(target, draft, TreeDecision.Of(target, draft, TreePolicy.Chains(children, 1)), method, rootOnly: true);

    /// <summary>Generates a text for the sake of its verdicts, on the caller's thread.</summary>
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
            ReadOnlySpan<int> tokens = decoder.Step();
            onStep(decoder.Verdict);
            if (tokens.ToArray().Any(token => EndsText(token, options)))
                return;
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
            // A thread of its own: decoding computes without a pause and must not hold one of the pool's.
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
            // A caller that stops early does not want the rest.
            await ended.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(false);
        }
    }

    /// <summary>Does a text from begin to end, whatever becomes of who reads it, and gives the turn back.</summary>
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

    // In turn, like a text: nothing is at work on what is freed.
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
        var stops = new StopStrings(options.StopStrings);
        int root = prompt[^1];
        var piece = new StringBuilder();
        while (finish is null)
        {
            ReadOnlySpan<int> committed = decoder.Step();
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
        string rest = stops.Append(text.Flush()) + stops.Flush();
        chunks.TryWrite(new GenerationChunk(rest, [], new GenerationStats
        {
            FinishReason = stops.Found is null ? finish.Value : FinishReason.Stop,
            StopString = stops.Found,
            PromptTokens = prompt,
            TokenCount = generated,
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
            HasPhaseTimes = _target.HasTimes && !_targetLease.Llama.Backend.IsAsynchronous,
        }));
    }

    private bool EndsText(int token, GenerationOptions options) =>
        (!options.IgnoreEos && _target.EosIds.Contains(token)) || options.StopTokens.Contains(token);

    private GenerationStep StepOf(Decoder decoder, int root)
    {
        int[] tokens = new int[Tree.Size];
        decoder.DownloadNodes(0, tokens);
        // The device has put the next tree's root there.
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

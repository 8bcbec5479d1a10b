using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Diagnostics;
using Sequoia.Native.Engine;
using Sequoia.Native.Models;

namespace Sequoia.Native;

/// <summary>
/// A Llama model from a Hugging Face folder: config.json, generation_config.json, safetensors (one file or shards) and a
/// tokenizer. Weights stay in the mapped files in the type they are stored in (F32, F16, BF16). Immutable and thread-safe: several generators,
/// on several threads, may share one.
/// </summary>
/// <remarks>
/// Each generator and each measurement holds the weights for as long as it needs them, so a model may be disposed at any time. No new user can begin
/// after that, and the last user frees the memory. The garbage collector frees a model that is never disposed. The model's
/// description (folder, tokenizer, device, ...) stays readable.
/// </remarks>
public sealed class LanguageModel : IDisposable
{
    // Logged once, not for every model.
    private static int s_scalarNoted;

    private ModelLease? _own;

    private LanguageModel(string folder, LoadOptions options, IProgress<double>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options.Device);
        if (options.Threads is < 1 or > LoadOptions.MaxThreads)
            throw new ArgumentOutOfRangeException(nameof(options), options.Threads, $"Threads must be 1 to {LoadOptions.MaxThreads}");
        long start = Stopwatch.GetTimestamp();
        folder = ModelFolder.Resolve(folder);
        Folder = folder;
        ArgumentNullException.ThrowIfNull(options.Logger);
        ArgumentNullException.ThrowIfNull(options.Kernels);
        if (options.Memory is <= 0)
            throw new ArgumentOutOfRangeException(nameof(options), options.Memory, "Memory must be above 0; null is what is free");
        if (options.DeviceMemory is <= 0)
            throw new ArgumentOutOfRangeException(nameof(options), options.DeviceMemory, "DeviceMemory must be above 0; null is what is free");
        if (!Enum.IsDefined(options.Stream))
            throw new ArgumentOutOfRangeException(nameof(options), options.Stream, "no way to stream weights");
        if (options.CacheFolder is { } cache && (cache.Length == 0 || cache.Contains('\0', StringComparison.Ordinal)))
            throw new ArgumentException("CacheFolder is no path; null is the user's cache folder", nameof(options));
        (Logger, CacheFolder) = (options.Logger, options.CacheFolder);
        ModelFolder.Require(folder);
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        Tokenizer = Tokenizer.Load(folder);
        if (Tokenizer.VocabularySize > config.VocabularySize)
        {
            throw new ModelFileException(Path.Combine(folder, "config.json"),
                $"vocab_size: {config.VocabularySize} is less than the tokenizer's {Tokenizer.VocabularySize} ids; the two do not belong together");
        }
        EosIds = [.. GenerationConfig.ReadEosIds(folder, config).Union(Tokenizer.EosId is { } eos ? [eos] : [])];
        BosId = Tokenizer.BosId ?? config.BosId;
        var files = new ModelFiles(folder);
        Backend? backend = null;
        try
        {
            var tensors = new LlamaTensors(files, config);
            cancellation.ThrowIfCancellationRequested();
            backend = BackendFactory.Create(options, tensors);
            long loaded = 0, all = tensors.Bytes;
            _own = new ModelLease(new Llama(backend, config, tensors, tensor =>
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Report((double)(loaded += tensor.Bytes) / all);
            }), files);
            if (backend.Stream is { } stream)
                (IsStreamed, StreamedSeconds) = (true, stream.LinkBytesPerSecond > 0 ? stream.Plan.StreamedBytes / stream.LinkBytesPerSecond : 0);
            CanDraft = backend.Stream is null || !backend.IsAsynchronous;
            (Device, DeviceId, HasTimes, MostTreeLevels, MostChildren, Note) = (
                backend.Name, BackendFactory.IdOf(backend), backend.HasTimes, backend.MostTreeLevels, backend.MostChildren, Joined(ModelFolder.Note(folder), backend.NoteOn(tensors), backend.Stream is { Plan.StreamedBytes: > 0 } partly ? partly.Note : null));
        }
        catch
        {
            backend?.Dispose();
            files.Dispose();
            throw;
        }
        Config = config;
        ParameterCount = files.Tensors.Values.Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b));
        Fingerprint = FingerprintOf(files);
        LoadTime = Stopwatch.GetElapsedTime(start);
        Log.Loaded(Logger, folder, Device, LoadTime.TotalSeconds, ParameterCount);
        if (Note is not null)
            Log.Noted(Logger, folder, Note);
        if (backend is CpuBackend && CpuKernels.WasteProcessor && Interlocked.Exchange(ref s_scalarNoted, 1) == 0)
            Log.ScalarKernels(Logger);
    }

    /// <summary>The folder that the model was loaded from; the snapshot in Hugging Face's cache.</summary>
    public string Folder { get; }

    /// <summary>The model's tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Ids that end a text: those of generation_config.json, otherwise of config.json, and the tokenizer's own.</summary>
    public IReadOnlyList<int> EosIds { get; }

    /// <summary>The id that every prompt begins with; null if the model has none.</summary>
    public int? BosId { get; }

    /// <summary>The maximum number of tokens, prompt and output together, that the model can attend to.</summary>
    public int ContextLength => Config.MaxPositions;

    /// <summary>The number of weights.</summary>
    public long ParameterCount { get; }

    /// <summary>A readable name of the device that runs the model.</summary>
    public string Device { get; }

    /// <summary>Whether times measured on the device are meaningful; false on the software GPU, where only counts are useful.</summary>
    public bool HasTimes { get; }

    /// <summary>Anything unexpected about the weights: which files were used, how the device converted them. Null if there is nothing to report.</summary>
    public string? Note { get; }

    /// <summary>The duration of <see cref="Load"/>.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>Receives the log of this model and of the generators that use it as their target.</summary>
    internal ILogger Logger { get; }

    /// <summary>See <see cref="LoadOptions.CacheFolder"/>.</summary>
    internal string? CacheFolder { get; }

    internal LlamaConfig Config { get; }

    /// <summary>Equal for models that can read each other's memory.</summary>
    internal string DeviceId { get; }

    /// <summary>Whether weights are brought anew for every pass.</summary>
    internal bool IsStreamed { get; }

    /// <summary>Whether it can be another model's draft. A device records a step of one model's copies only.</summary>
    internal bool CanDraft { get; }

    /// <summary>Seconds that bringing them took with the plan and the rate at loading; 0 if that is not known.</summary>
    internal double StreamedSeconds { get; }

    /// <summary>The deepest tree that the device supports.</summary>
    internal int MostTreeLevels { get; }

    /// <summary>The maximum number of children of a node that the device can draw.</summary>
    internal int MostChildren { get; }

    /// <summary>A hash of all tensors' names, shapes and types. The time of a pass depends on these, not on the values.</summary>
    internal string Fingerprint { get; }

    /// <summary>Loads a model folder. All names, shapes and types are checked; weights are read from disk on first use.</summary>
    /// <param name="folder">A folder in Hugging Face's layout.</param>
    /// <param name="options">The load options; by default, the model runs on all processors.</param>
    /// <exception cref="ModelFileException">A file is missing, damaged or of an unsupported kind. The message names the file, the key and the fix.</exception>
    /// <exception cref="InvalidInputException">The device is not available, or cannot run the model.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static LanguageModel Load(string folder, LoadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new LanguageModel(folder, options ?? new LoadOptions(), null, CancellationToken.None);
    }

    /// <summary>The same as <see cref="Load"/>, on its own thread: copying weights to a GPU takes a while.</summary>
    /// <param name="folder">A folder in Hugging Face's layout.</param>
    /// <param name="options">The load options; by default, the model runs on all processors.</param>
    /// <param name="progress">Receives the share of the weights that are loaded, 0 to 1, on the loading thread.</param>
    /// <param name="cancellationToken">Stops after the current tensor and frees everything.</param>
    /// <exception cref="ModelFileException">A file is missing, damaged or of an unsupported kind.</exception>
    /// <exception cref="InvalidInputException">The device is not available, or cannot run the model.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">The load was cancelled.</exception>
    public static Task<LanguageModel> LoadAsync(string folder, LoadOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Factory.StartNew(
            () => new LanguageModel(folder, options ?? new LoadOptions(), progress, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Closes the model to new users. Its memory is freed now, or when the last generator or measurement that holds it ends. May be called at any time,
    /// from any thread, and more than once.
    /// </summary>
    public void Dispose() => Interlocked.Exchange(ref _own, null)?.Dispose();

    /// <summary>Holds the weights until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    internal ModelLease Lease() => Volatile.Read(ref _own)?.TryShare() ?? throw new ObjectDisposedException(nameof(LanguageModel));

    private static string? Joined(params ReadOnlySpan<string?> notes) => string.Join("; ", notes.ToArray().OfType<string>()) is { Length: > 0 } all ? all : null;

    private static string FingerprintOf(ModelFiles files)
    {
        IEnumerable<string> lines = files.Tensors.Values.OrderBy(t => t.Name, StringComparer.Ordinal).Select(t => $"{t.Name} {t.Type} {string.Join('x', t.Shape)}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..16];
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>State that a kernel may change, which is reset before the next launch.</summary>
internal interface IGuarded
{
    void Reset();

    /// <summary>Remembers the current contents.</summary>
    void Remember();

    /// <summary>The first place whose contents differ from those remembered, with both; null if there is none.</summary>
    string? FirstChange();
}

/// <summary>A buffer on the device between two guards, whose entire contents are known before a launch.</summary>
internal sealed class GuardedBuffer<T> : IDisposable, IGuarded where T : unmanaged, IEquatable<T>
{
    // Keeps the contents aligned to 16 bytes, for any element type.
    private const int Guard = 64;

    private readonly DeviceBuffer<T> _data;
    private readonly T[] _before;
    private T[]? _remembered, _now;

    public unsafe GuardedBuffer(CudaContext context, ReadOnlySpan<T> contents, T guard)
    {
        _before = [.. Enumerable.Repeat(guard, Guard), .. contents, .. Enumerable.Repeat(guard, Guard)];
        _data = context.Upload<T>(_before);
        Address = _data.Handle + (Guard * sizeof(T));
    }

    /// <summary>A buffer filled with the guards' pattern.</summary>
    public static GuardedBuffer<T> Filled(CudaContext context, int length, T guard)
    {
        var contents = new T[length];
        Array.Fill(contents, guard);
        return new(context, contents, guard);
    }

    /// <summary>The address of the contents.</summary>
    public nint Address { get; }

    /// <summary>Restores the initial contents.</summary>
    public void Reset() => _data.CopyFrom(_before);

    /// <summary>Replaces the initial contents by others of the same length.</summary>
    public void Reset(ReadOnlySpan<T> contents)
    {
        contents.CopyTo(_before.AsSpan()[Guard..^Guard]);
        Reset();
    }

    public void Remember() => _data.CopyTo(_remembered ??= new T[_before.Length]);

    public string? FirstChange()
    {
        // Kept, since it can have many megabytes.
        _data.CopyTo(_now ??= new T[_before.Length]);
        int at = _now.AsSpan().CommonPrefixLength(_remembered);
        return at == _now.Length ? null : $"element {at - Guard} of {_now.Length - (2 * Guard)}: {_now[at]} instead of {_remembered![at]}";
    }

    /// <summary>Makes the current contents the initial contents.</summary>
    public void Keep() => _data.CopyTo(_before);

    /// <summary>The current contents.</summary>
    public T[] ToArray() => _data.ToArray()[Guard..^Guard];

    /// <summary>The first position that changed but must not; null if none did. Guards must never change; positions before the contents are negative.</summary>
    /// <param name="name">The readable name of the buffer.</param>
    /// <param name="mayChange">Whether each element of the contents may change; null if all may.</param>
    public string? Overrun(string name, Func<int, bool>? mayChange = null)
    {
        T[] now = _data.ToArray();
        for (int i = 0; i < now.Length; i++)
        {
            int place = i - Guard;
            bool isContent = place >= 0 && place < now.Length - (2 * Guard);
            if (!now[i].Equals(_before[i]) && !(isContent && (mayChange is null || mayChange(place))))
                return $"{name}[{place}] was changed from {_before[i]} to {now[i]}";
        }
        return null;
    }

    public void Dispose() => _data.Dispose();
}

/// <summary>A sequence's state before a kernel.</summary>
/// <param name="Tree">The shape of its trees.</param>
/// <param name="Committed">Tokens before the root.</param>
internal sealed record StepInputs(TokenTree Tree, int Committed)
{
    public SpeculationMethod Method { get; init; }

    public SamplingOptions Sampling { get; init; }

    public RandomKey Random { get; init; }

    /// <summary>The nodes' tokens; null if they are not drawn yet.</summary>
    public int[]? Tokens { get; init; }

    /// <summary>Tokens before the root, of nodes -n .. -1.</summary>
    public int[] Before { get; init; } = [];

    /// <summary>The pages of its caches; null if no kernel reads them.</summary>
    public PageOrder? Pages { get; init; }

    /// <summary>The maximum number of rows of its passes.</summary>
    public int Rows { get; init; } = 1;
}

/// <summary>
/// The device state of a step other than activations and caches: a sequence, rows of passes, outcomes. Problems get all of it from here, so
/// that no other part of the checks depends on the memory layout of these structures.
/// </summary>
internal sealed class StepBuffers : IDisposable, IGuarded
{
    // A value that no valid count or index has.
    private const int Guard = int.MinValue / 2;
    private const int RowWords = 4;

    private readonly CudaContext _gpu;
    private readonly StepInputs _inputs;
    private readonly List<IDisposable> _parts = [];
    private readonly GuardedBuffer<int> _state, _rows, _outcome;
    private readonly DeviceBuffer<int> _part;
    private DeviceSequence _sequence;

    public StepBuffers(CudaContext gpu, StepInputs inputs)
    {
        (_gpu, _inputs) = (gpu, inputs);
        TokenTree tree = inputs.Tree;
        int[] nodes = [.. Enumerable.Range(0, tree.Size)], paths = new int[tree.Size * tree.Levels];
        // The entries after a node's path must not be used.
        Array.Fill(paths, Guard);
        foreach (int node in nodes)
            tree.Path(node).CopyTo(paths.AsSpan(node * tree.Levels));
        Tokens = Own(new GuardedBuffer<int>(gpu, [.. inputs.Before, .. inputs.Tokens ?? [.. nodes.Select(_ => Guard)]], Guard));
        DraftRows = Own(GuardedBuffer<int>.Filled(gpu, tree.Size, Guard));
        Scales = Own(GuardedBuffer<uint>.Filled(gpu, tree.Size * ScaleWords, MatMulInputs.NaNs));
        nint pages = Upload(inputs.Pages?.Pages ?? []);
        _sequence = new DeviceSequence
        {
            Step = inputs.Random.Step,
            Committed = inputs.Committed,
            Method = inputs.Method,
            Seed = inputs.Random.Seed,
            Sampling = new SamplingSettings(inputs.Sampling),
            Tokens = Tokens.Address + (inputs.Before.Length * sizeof(int)),
            TargetPages = pages,
            DraftPages = pages,
            Tree = new DeviceTree
            {
                FirstChild = Upload([.. nodes.Select(tree.FirstChild)]),
                ChildCount = Upload([.. nodes.Select(tree.ChildCount)]),
                Depths = Upload([.. nodes.Select(tree.Depth)]),
                Paths = Upload(paths),
                Size = tree.Size,
                Levels = tree.Levels,
            },
            DraftRow = DraftRows.Address,
            Scales = Scales.Address,
        };
        _state = Own(new GuardedBuffer<int>(gpu, WordsOf(_sequence), Guard));
        _rows = Own(GuardedBuffer<int>.Filled(gpu, inputs.Rows * RowWords, Guard));
        _outcome = Own(GuardedBuffer<int>.Filled(gpu, Outcomes.HeaderWords + (2 * tree.Levels), Guard));
        _part = Own(gpu.Allocate<int>(Unsafe.SizeOf<DevicePart>() / sizeof(int)));
        Outcomes = new Outcomes { Words = _outcome.Address, Stride = Outcomes.HeaderWords + (2 * tree.Levels), Levels = tree.Levels };
    }

    /// <summary>The size of a <see cref="RowScale"/> in words.</summary>
    public static unsafe int ScaleWords => sizeof(RowScale) / sizeof(uint);

    /// <summary>The tokens before the root, and the nodes'.</summary>
    public GuardedBuffer<int> Tokens { get; }

    /// <summary>By node.</summary>
    public GuardedBuffer<int> DraftRows { get; }

    /// <summary>By node.</summary>
    public GuardedBuffer<uint> Scales { get; }

    public Outcomes Outcomes { get; }

    public LogitDamage Errors => Read(_state.ToArray()).Errors;

    /// <summary>The address of the pass's parts: only this sequence, with this many rows.</summary>
    public nint Parts(int firstRow, int rows, bool isTree = false)
    {
        _part.CopyFrom(WordsOf(new DevicePart { Sequence = _state.Address, FirstRow = firstRow, Rows = rows, IsTree = isTree ? 1 : 0 }));
        return _part.Handle;
    }

    /// <summary>The rows of a pass, before or after embed.cu.</summary>
    public DevicePass Pass(int[] nodes, bool placed = true)
    {
        _rows.Reset([.. nodes.SelectMany(node => (int[])[0, node, placed ? Position(node) : Guard, placed ? CacheRow(node) : Guard])]);
        return new DevicePass { Parts = Parts(0, nodes.Length, nodes.Any(node => node > 0)), Rows = _rows.Address, Count = nodes.Length, Cache = ModelRole.Draft };
    }

    public int Position(int node) => _inputs.Committed + (node < 0 ? node : _inputs.Tree.Depth(node));

    public int CacheRow(int node) => _inputs.Pages is { } pages ? pages[_inputs.Committed + node] : Guard;

    /// <summary>Numbers that no kernel changes, followed by one that must not be used.</summary>
    public nint Upload(params ReadOnlySpan<int> numbers) => Own(_gpu.Upload<int>([.. numbers, Guard])).Handle;

    /// <summary>Another step of the same sequence.</summary>
    public void Begin(RandomKey random, LogitDamage errors = LogitDamage.None)
    {
        (_sequence.Step, _sequence.Seed, _sequence.Errors) = (random.Step, random.Seed, errors);
        _state.Reset(WordsOf(_sequence));
    }

    /// <summary>An outcome as the input of a kernel.</summary>
    public void Decide(Outcome outcome, ReadOnlySpan<int> path, ReadOnlySpan<int> tokens)
    {
        int[] words = new int[Outcomes.Stride];
        Array.Fill(words, Guard);
        WordsOf(outcome).CopyTo(words, 0);
        path.CopyTo(words.AsSpan(Outcomes.HeaderWords));
        tokens.CopyTo(words.AsSpan(Outcomes.HeaderWords + Outcomes.Levels));
        _outcome.Reset(words);
    }

    /// <summary>The outcome that a kernel wrote.</summary>
    public (Outcome Outcome, int[] Path, int[] Tokens) Outcome()
    {
        int[] words = _outcome.ToArray();
        return (MemoryMarshal.Read<Outcome>(MemoryMarshal.AsBytes(words.AsSpan())), words[Outcomes.HeaderWords..(Outcomes.HeaderWords + Outcomes.Levels)], words[(Outcomes.HeaderWords + Outcomes.Levels)..]);
    }

    /// <summary>Changes of the sequence other than errors, or out-of-bounds writes; null if there are none.</summary>
    public string? Difference(LogitDamage errors) => Difference(_sequence.Step, _sequence.Committed, errors);

    /// <summary>Deviations of the sequence from its expected state, or out-of-bounds writes; null if there are none.</summary>
    public string? Difference(uint step, int committed, LogitDamage errors)
    {
        DeviceSequence found = Read(_state.ToArray()), expected = _sequence with { Step = step, Committed = committed, Errors = errors };
        return _state.Overrun("sequence")
            ?? (WordsOf(found).AsSpan().SequenceEqual(WordsOf(expected)) ? null
            : $"step {found.Step}, {found.Committed} committed, errors {found.Errors}, or what must not change; expected step {step}, {committed} committed, errors {errors}");
    }

    /// <summary>Writes to the rows of a pass that were placed before.</summary>
    public string? ChangedRows() => _rows.Overrun("rows", _ => false);

    /// <summary>Rows that embed.cu placed incorrectly.</summary>
    public string? MisplacedRows(int[] nodes)
    {
        int[] found = _rows.ToArray();
        for (int row = 0; row < nodes.Length; row++)
        {
            int[] expected = [0, nodes[row], Position(nodes[row]), CacheRow(nodes[row])];
            if (!found.AsSpan(row * RowWords, RowWords).SequenceEqual(expected))
                return $"row {row}: {string.Join(' ', found.AsSpan(row * RowWords, RowWords).ToArray())}, expected {string.Join(' ', expected)}";
        }
        return _rows.Overrun("rows");
    }

    /// <summary>Out-of-bounds writes around the outcome.</summary>
    public string? OverrunOutcome() => _outcome.Overrun("outcome");

    /// <summary>Writes to an outcome that is an operand.</summary>
    public string? ChangedOutcome() => _outcome.Overrun("outcome", _ => false);

    public void Reset()
    {
        foreach (IGuarded part in _parts.OfType<IGuarded>())
            part.Reset();
    }

    public void Remember()
    {
        foreach (IGuarded part in _parts.OfType<IGuarded>())
            part.Remember();
    }

    public string? FirstChange() => _parts.OfType<IGuarded>().Select(part => part.FirstChange()).FirstOrDefault(change => change is not null);

    public void Dispose()
    {
        foreach (IDisposable part in _parts)
            part.Dispose();
    }

    private T Own<T>(T part) where T : IDisposable
    {
        _parts.Add(part);
        return part;
    }

    private static int[] WordsOf<T>(T value) where T : unmanaged => MemoryMarshal.Cast<T, int>([value]).ToArray();

    private static DeviceSequence Read(int[] words) => MemoryMarshal.Read<DeviceSequence>(MemoryMarshal.AsBytes(words.AsSpan()));
}

/// <summary>The rows of one sequence in a cache: its pages, in any order, among unused pages.</summary>
internal sealed class PageOrder
{
    private const int Others = 2;

    /// <param name="rows">The minimum number of rows of the sequence.</param>
    /// <param name="seed">The seed of the order.</param>
    public PageOrder(int rows, int seed)
    {
        int[] all = [.. Enumerable.Range(0, KvPool.PagesFor(rows) + Others)];
        new Random(seed).Shuffle(all);
        (Pages, Capacity) = (all[..^Others], all.Length * KvPool.PageSize);
    }

    public int[] Pages { get; }

    /// <summary>Rows of the cache.</summary>
    public int Capacity { get; }

    /// <summary>The cache row of a row of the sequence.</summary>
    public int this[int row] => (Pages[row / KvPool.PageSize] * KvPool.PageSize) + (row % KvPool.PageSize);

    /// <summary>The sequence's row at a cache row; -1 if it does not belong to the sequence.</summary>
    public int RowAt(int row)
    {
        int page = Array.IndexOf(Pages, row / KvPool.PageSize);
        return page < 0 ? -1 : (page * KvPool.PageSize) + (row % KvPool.PageSize);
    }
}

/// <summary>The address of the keys, or the values, of a layer.</summary>
internal readonly record struct CacheLayout(int Heads, PageOrder Pages, int HeadDim)
{
    public int Length => Heads * Pages.Capacity * HeadDim;

    /// <summary>The start of a row of the sequence in a head.</summary>
    public int Start(int head, int row) => ((head * Pages.Capacity) + Pages[row]) * HeadDim;

    /// <summary>The sequence's row that contains an element; -1 if there is none.</summary>
    public int RowOf(int place) => Pages.RowAt(place / HeadDim % Pages.Capacity);
}

/// <summary>Rows of logits on the device, with another stride than on the host and NaN after each row.</summary>
internal static unsafe class PaddedRows
{
    private const int Step = 4;

    /// <summary>Floats from one row to the next: at least one padding float that no kernel may use, and a multiple of 16 bytes.</summary>
    public static int StrideOf(int vocabulary) => (vocabulary + Step) / Step * Step;

    /// <summary>A row on the host.</summary>
    public static Span<float> Span(this CpuActivations rows, int row) => new(rows.Row(row), rows.Columns);

    public static DeviceBuffer<float> Upload(CudaContext gpu, CpuActivations rows)
    {
        int stride = StrideOf(rows.Columns);
        float[] all = new float[(rows.Rows * stride) + 1];
        Array.Fill(all, float.NaN);
        for (int row = 0; row < rows.Rows; row++)
            rows.Span(row).CopyTo(all.AsSpan(row * stride));
        return gpu.Upload<float>(all);
    }
}

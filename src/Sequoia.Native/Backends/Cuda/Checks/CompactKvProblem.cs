using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Cache rows that move to directly after the committed ones: compact_kv.cu and its twin, byte for byte. Every word of the cache is unique.</summary>
internal sealed class CompactKvProblem : ExactProblem
{
    private const int ChunkWords = 4;
    private const int WordBytes = sizeof(uint);
    private const uint Poison = 0xDEADBEEF;

    private readonly CommitKernels _launcher;
    private readonly TwinKernels _twins;
    private readonly int _committed;
    private readonly PageOrder _pages;
    private readonly int[] _path;
    private readonly uint[] _before;
    private readonly GuardedBuffer<uint> _cache;
    private readonly StepBuffers _step;
    private readonly CompactKv _parameters;
    private readonly Lazy<GuardedBuffer<uint>> _ofTwin;
    private readonly bool _ofDraft;
    private bool _twinRan;

    /// <param name="kernels">The kernels.</param>
    /// <param name="planes">Layers x {k, v} x heads.</param>
    /// <param name="headDim">Dimensions of a head: a multiple of 8.</param>
    /// <param name="committed">Rows before the tree's.</param>
    /// <param name="path">Ascending nodes.</param>
    /// <param name="seed">The seed of the problem.</param>
    public CompactKvProblem(CudaKernels kernels, int planes, int headDim, int committed, int[] path, int seed)
    {
        (_launcher, _twins, _committed, _path) = (new CommitKernels(kernels), new TwinKernels(kernels), committed, path);
        _pages = new PageOrder(committed + (path.Length == 0 ? 0 : path[^1]) + 1, seed);
        int capacity = _pages.Capacity, chunks = headDim * sizeof(ushort) / WordBytes / ChunkWords;
        Shape = $"compact_kv, {planes} planes of {capacity} rows of {headDim}, path {string.Join(' ', path)} behind {committed}, seed {seed}";
        _before = [.. Enumerable.Range(0, planes * capacity * chunks * ChunkWords).Select(word => (uint)word * 2654435761u)];
        _cache = Own(new GuardedBuffer<uint>(kernels.Context, _before, Poison));
        _ofTwin = new(() => Own(GuardedBuffer<uint>.Filled(kernels.Context, _before.Length, Poison)));
        _ofDraft = seed % 2 == 1;
        // The other model keeps a different number of rows.
        int other = seed % 5 == 0 ? path.Length + 1 : Math.Max(0, path.Length - 1);
        _step = Own(new StepBuffers(kernels.Context, new StepInputs(TokenTree.Chain(Math.Max(1, path.Length)), committed) { Pages = _pages }));
        _step.Decide(new Outcome { Length = _ofDraft ? other : path.Length, Kept = _ofDraft ? path.Length : other }, path, []);
        _parameters = new CompactKv
        {
            Cache = _cache.Address,
            Parts = _step.Parts(0, path.Length),
            Outcomes = _step.Outcomes,
            CacheOf = _ofDraft ? ModelRole.Draft : ModelRole.Target,
            Planes = planes,
            Capacity = capacity,
            Chunks = chunks,
        };
    }

    /// <summary>A problem from a seed: short and long paths, with and without a prefix that stays in place.</summary>
    public static CompactKvProblem Random(int seed, CudaKernels kernels)
    {
        var random = new Random(seed);
        int nodes = random.Next(1, 65), committed = random.Next(0, 40), everyNth = random.Next(1, 5);
        int[] path = [0, .. Enumerable.Range(1, nodes - 1).Where(_ => random.Next(everyNth) == 0)];
        return new(kernels, 2 * random.Next(1, 9), 8 * random.Next(1, 17), committed, path, seed);
    }

    public override string Shape { get; }

    public override long Bytes => (long)_parameters.Planes * RowWords * WordBytes * 2 * Enumerable.Range(0, _path.Length).Count(i => _path[i] != i);

    private int RowWords => _parameters.Chunks * ChunkWords;

    public override void Launch(CudaStream? stream)
    {
        _twinRan = false;
        _launcher.CompactKv(_parameters, 1, stream);
    }

    public override void LaunchTwin()
    {
        _twinRan = true;
        _twins.CompactKv(_parameters, 1, _ofTwin.Value.Address);
    }

    protected override string? FirstDifference()
    {
        GuardedBuffer<uint> result = _twinRan ? _ofTwin.Value : _cache;
        // Any row may be written: all are compared below.
        if ((result.Overrun("cache") ?? _step.ChangedOutcome() ?? _step.Difference(LogitDamage.None)) is { } stray)
            return stray;
        uint[] found = result.ToArray();
        for (int at = 0; at < found.Length; at += RowWords)
        {
            int row = at / RowWords % _parameters.Capacity, slot = _pages.RowAt(row) - _committed;
            int source = slot >= 0 && slot < _path.Length ? _pages[_committed + _path[slot]] : row;
            ReadOnlySpan<uint> now = found.AsSpan(at, RowWords), expected = _before.AsSpan(at + ((source - row) * RowWords), RowWords);
            if (now.CommonPrefixLength(expected) is var word && word < RowWords)
                return $"plane {at / RowWords / _parameters.Capacity}, row {row}, word {word}: {now[word]:x8}, expected {expected[word]:x8}, which row {source} had";
        }
        return null;
    }
}

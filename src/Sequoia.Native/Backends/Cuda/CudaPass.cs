using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>Rows of a pass that attention computes in one launch, and their tiles.</summary>
internal readonly record struct AttendRows(int FirstRow, int Count, int FirstTile, int Tiles, int RowTile, bool IsTree);

/// <summary>A pass's tables on the device, one allocation of 32-bit words: parts | rows | tiles | outcomes | steps of nodes | arrivals.</summary>
internal sealed class CudaPass : Pass
{
    private static readonly int s_partWords = Unsafe.SizeOf<DevicePart>() / sizeof(int);
    private static readonly int s_rowWords = Unsafe.SizeOf<DeviceRow>() / sizeof(int);
    private static readonly int s_tileWords = Unsafe.SizeOf<RowTile>() / sizeof(int);

    private readonly CudaBackend _backend;
    private readonly DeviceParts _parts;
    private readonly DeviceBuffer<int> _words;
    private readonly PinnedBuffer<int>? _outcomes;
    private readonly int[] _host;
    private readonly int _rowsAt, _tilesAt, _stepsAt, _arrivedAt, _heads, _group, _headDim, _levels;

    public CudaPass(CudaBackend backend, Llama model, ModelRole role, int mostRows, int mostParts, int levels) : base(role, mostRows, mostParts)
    {
        _backend = backend;
        _heads = model.Config.Heads;
        _group = _heads / model.Config.KvHeads;
        _headDim = model.Config.HeadDim;
        _levels = levels;
        _rowsAt = mostParts * s_partWords;
        _tilesAt = _rowsAt + (mostRows * s_rowWords);
        _host = new int[_tilesAt + (AttendKernels.MostTiles(mostRows, mostParts, _group) * s_tileWords)];
        _parts = new DeviceParts(backend.Context, $"the tables of a pass over {mostRows} rows");
        int outcomes = levels == 0 ? 0 : mostParts * OutcomeStride;
        _stepsAt = _host.Length + outcomes;
        _arrivedAt = _stepsAt + (2 * mostRows);
        int workspace = levels == 0 ? 0 : (2 * mostRows) + mostParts;
        _words = _parts.Allocate<int>(_stepsAt + workspace);
        if (workspace > 0)
            _words.CopyFrom(new int[workspace], _stepsAt);
        _outcomes = outcomes == 0 ? null : _parts.AllocatePinned<int>(outcomes);
    }

    /// <summary>The parameter that kernels take.</summary>
    public DevicePass Device => new() { Parts = _words.Handle, Rows = AtWord(_rowsAt), Count = Count, Cache = Role };

    public Outcomes Outcomes => new() { Words = AtWord(_host.Length), Stride = OutcomeStride, Levels = _levels };

    /// <summary>Workspace of verify_tree.cu: a step for each row.</summary>
    public nint Steps => AtWord(_stepsAt);

    /// <summary>A counter for each part, 0 before and after each launch.</summary>
    public nint Arrived => AtWord(_arrivedAt);

    /// <summary>The most rows of a part.</summary>
    public int MostNodes { get; private set; }

    public List<AttendRows> Attend { get; } = [];

    /// <summary>The maximum number of positions of its sequences.</summary>
    public int Positions { get; private set; }

    private int OutcomeStride => Outcomes.HeaderWords + (2 * _levels);

    public nint Tile(int index) => AtWord(_tilesAt + (index * s_tileWords));

    /// <summary>Queues the copy of all outcomes to the host.</summary>
    public void Send(CudaStream stream) => _words.CopyToAsync(_outcomes!, stream, _host.Length);

    /// <summary>Stores the copied outcomes in the sequences' verdicts.</summary>
    /// <exception cref="InvalidOperationException">A sequence's logits were damaged. Its verdict is empty; all others are stored.</exception>
    public void Receive()
    {
        LogitDamage damage = LogitDamage.None;
        for (int i = 0; i < Parts.Length; i++)
        {
            ReadOnlySpan<int> words = _outcomes!.Span.Slice(i * OutcomeStride, OutcomeStride), levels = words[Outcomes.HeaderWords..];
            Outcome outcome = MemoryMarshal.Read<Outcome>(MemoryMarshal.AsBytes(words));
            Parts[i].Sequence.Verdict.Take(levels[..outcome.Length], levels.Slice(_levels, outcome.Length), outcome.Ahead);
            damage |= outcome.Length == 0 ? outcome.Errors : LogitDamage.None;
        }
        if (damage != LogitDamage.None)
            throw Verdict.OfNoNumbers(damage.HasFlag(LogitDamage.Draft) ? "draft" : "target");
    }

    public override void Decide(WorkQueue queue, int part, ReadOnlySpan<int> path, int token)
    {
        base.Decide(queue, part, path, token);
        int kept = Parts[part].Sequence.Drafted(path).Length;
        int at = _host.Length + (part * OutcomeStride);
        _words.CopyFrom([(int)LogitDamage.None, path.Length, kept, token, 0, .. path], at, CudaQueue.StreamOf(queue));
    }

    public override void Dispose() => _parts.Dispose();

    protected override void Upload(WorkQueue queue)
    {
        Span<DevicePart> parts = MemoryMarshal.Cast<int, DevicePart>(_host.AsSpan(0, _rowsAt));
        Span<DeviceRow> rows = MemoryMarshal.Cast<int, DeviceRow>(_host.AsSpan(_rowsAt, _tilesAt - _rowsAt));
        Span<RowTile> tiles = MemoryMarshal.Cast<int, RowTile>(_host.AsSpan(_tilesAt));
        Positions = 0;
        MostNodes = 0;
        bool hasTree = false;
        for (int i = 0; i < Parts.Length; i++)
        {
            PassPart part = Parts[i];
            // Nodes of a part ascend.
            bool isTree = part.Rows > 0 && Rows[part.FirstRow + part.Rows - 1].Node > 0;
            parts[i] = new DevicePart { Sequence = ((CudaSequence)part.Sequence).Address, FirstRow = part.FirstRow, Rows = part.Rows, IsTree = isTree ? 1 : 0 };
            hasTree |= isTree;
            for (int row = part.FirstRow; row < part.FirstRow + part.Rows; row++)
                rows[row] = new DeviceRow { Part = i, Node = Rows[row].Node };
            Positions = Math.Max(Positions, part.Sequence.Pages(Role).Capacity * KvPool.PageSize);
            MostNodes = Math.Max(MostNodes, part.Rows);
        }
        int atOnce = AttendKernels.RowsOfLaunch(Count, _heads, Positions, _headDim), rowTile = AttendKernels.RowTileFor(MostNodes, _group), ofTile = AttendKernels.RowsOfTile(rowTile, _group), tile = 0;
        Attend.Clear();
        for (int first = 0; first < Count; first += atOnce)
        {
            int count = Math.Min(atOnce, Count - first), firstTile = tile;
            foreach (PassPart part in Parts)
            {
                int begin = Math.Max(first, part.FirstRow), end = Math.Min(first + count, part.FirstRow + part.Rows);
                for (; begin < end; begin += ofTile)
                    tiles[tile++] = new RowTile { First = begin, Rows = Math.Min(ofTile, end - begin) };
            }
            Attend.Add(new AttendRows(first, count, firstTile, tile - firstTile, rowTile, hasTree));
        }
        _words.CopyFrom(_host, 0, CudaQueue.StreamOf(queue));
        _backend.PrepareProducts(Count, LogitRows);
    }

    private nint AtWord(int word) => _words.Handle + (word * sizeof(int));
}

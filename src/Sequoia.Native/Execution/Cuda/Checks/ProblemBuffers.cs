using Sequoia.Interop;
using Sequoia.Native.Execution.Cpu;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda.Checks;

/// <summary>What a kernel may change, which is put back before the next launch.</summary>
internal interface IGuarded
{
    void Reset();
}

/// <summary>A buffer on the device between two guards, whose whole contents are known before a launch.</summary>
internal sealed class GuardedBuffer<T> : IDisposable, IGuarded where T : unmanaged, IEquatable<T>
{
    // Keeps what lies between at a multiple of 16 bytes, for any element.
    private const int Guard = 64;

    private readonly DeviceBuffer<T> _data;
    private readonly T[] _before;

    public unsafe GuardedBuffer(CudaContext context, ReadOnlySpan<T> contents, T guard)
    {
        _before = [.. Enumerable.Repeat(guard, Guard), .. contents, .. Enumerable.Repeat(guard, Guard)];
        _data = context.Upload<T>(_before);
        Address = _data.Handle + (Guard * sizeof(T));
    }

    /// <summary>Full of what guards hold.</summary>
    public static GuardedBuffer<T> Filled(CudaContext context, int length, T guard)
    {
        var contents = new T[length];
        Array.Fill(contents, guard);
        return new(context, contents, guard);
    }

    /// <summary>Where the contents begin.</summary>
    public nint Address { get; }

    /// <summary>Puts everything back to what it was first.</summary>
    public void Reset() => _data.CopyFrom(_before);

    /// <summary>Other contents, of the same length, from now on.</summary>
    public void Reset(ReadOnlySpan<T> contents)
    {
        contents.CopyTo(_before.AsSpan()[Guard..^Guard]);
        Reset();
    }

    /// <summary>Takes what the buffer holds now for what it was first.</summary>
    public void Keep() => _data.CopyTo(_before);

    /// <summary>The contents now.</summary>
    public T[] ToArray() => _data.ToArray()[Guard..^Guard];

    /// <summary>The first place that changed though it may not; null if none did. Guards never may; they are at negative places and behind the contents.</summary>
    /// <param name="name">The buffer's, for people to read.</param>
    /// <param name="mayChange">For each element of the contents; null if all may.</param>
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

/// <summary>
/// What a step has on the device beside activations and caches: its state, trees, rows of passes. Problems get all of it from here, so that
/// no other place of the checks depends on how these structures lie in memory.
/// </summary>
internal sealed class StepBuffers : IDisposable, IGuarded
{
    // What nothing that is counted or indexed by can be.
    private const int Guard = int.MinValue / 2;

    private readonly CudaContext _gpu;
    private readonly GuardedBuffer<int> _state;
    private readonly List<DeviceBuffer<int>> _arrays = [];
    private readonly int _committed;
    private uint _step;

    public StepBuffers(CudaContext gpu, uint step, int committed)
    {
        (_gpu, _step, _committed) = (gpu, step, committed);
        _state = new GuardedBuffer<int>(gpu, Words(LogitDamage.None), Guard);
    }

    /// <summary>Where the state is.</summary>
    public nint State => _state.Address;

    public LogitDamage Errors => (LogitDamage)_state.ToArray()[^1];

    /// <summary>Numbers that no kernel changes, and behind them one that must not be used.</summary>
    public nint Upload(params ReadOnlySpan<int> numbers)
    {
        DeviceBuffer<int> array = _gpu.Upload<int>([.. numbers, Guard]);
        _arrays.Add(array);
        return array.Handle;
    }

    /// <param name="tree">The shape.</param>
    /// <param name="nodeOfRow">The nodes that have a row of draft logits, in the rows' order.</param>
    public DeviceTree Tree(TokenTree tree, int[] nodeOfRow)
    {
        int[] draftRow = new int[tree.Size];
        // A leaf's must not be used.
        Array.Fill(draftRow, Guard);
        for (int row = 0; row < nodeOfRow.Length; row++)
            draftRow[nodeOfRow[row]] = row;
        return new DeviceTree
        {
            FirstChild = Upload([.. Enumerable.Range(0, tree.Size).Select(tree.FirstChild)]),
            ChildCount = Upload([.. Enumerable.Range(0, tree.Size).Select(tree.ChildCount)]),
            DraftRow = Upload(draftRow),
        };
    }

    /// <summary>The rows of a pass.</summary>
    /// <param name="nodes">Each row's node.</param>
    /// <param name="depths">Each node's.</param>
    /// <param name="ahead">Rows of the cache between the committed ones and the tree's.</param>
    public PassRows Rows(int[] nodes, int[] depths, int ahead) => new()
    {
        State = State,
        Nodes = Upload(nodes),
        Depths = Upload(depths),
        Count = nodes.Length,
        Ahead = ahead,
    };

    /// <summary>The rows of a pass of a kernel that reads paths.</summary>
    public PassRows Rows(int[] nodes, TokenTree tree, int ahead)
    {
        int[] paths = new int[tree.Size * tree.Levels];
        // What is behind a node's path must not be used.
        Array.Fill(paths, Guard);
        for (int node = 0; node < tree.Size; node++)
            tree.Path(node).CopyTo(paths.AsSpan(node * tree.Levels));
        PassRows rows = Rows(nodes, [.. Enumerable.Range(0, tree.Size).Select(tree.Depth)], ahead);
        (rows.Paths, rows.Levels) = (Upload(paths), tree.Levels);
        return rows;
    }

    /// <summary>Another step with the same trees and rows.</summary>
    public void Begin(uint step, LogitDamage errors = LogitDamage.None)
    {
        _step = step;
        _state.Reset(Words(errors));
    }

    /// <summary>How the state is not as it was but for errors; null if it is.</summary>
    public string? Difference(LogitDamage errors) => Difference(_step, _committed, errors);

    /// <summary>How the state is not as it should be; null if it is.</summary>
    public string? Difference(uint step, int committed, LogitDamage errors)
    {
        if (_state.Overrun("state") is { } overrun)
            return overrun;
        int[] found = _state.ToArray();
        return found.AsSpan().SequenceEqual([(int)step, committed, (int)errors]) ? null
            : $"step {found[0]}, {found[1]} committed, errors {(LogitDamage)found[2]}; expected step {step}, {committed} committed, errors {errors}";
    }

    public void Reset() => _state.Reset();

    public void Dispose()
    {
        _state.Dispose();
        foreach (DeviceBuffer<int> array in _arrays)
            array.Dispose();
    }

    private int[] Words(LogitDamage errors) => [(int)_step, _committed, (int)errors];
}

/// <summary>Where the keys, or the values, of a layer are.</summary>
internal readonly record struct CacheLayout(int Heads, int Capacity, int HeadDim)
{
    public int Length => Heads * Capacity * HeadDim;

    /// <summary>Where the row of a head begins.</summary>
    public int Start(int head, int row) => ((head * Capacity) + row) * HeadDim;

    /// <summary>The row that an element belongs to.</summary>
    public int RowOf(int place) => place / HeadDim % Capacity;
}

/// <summary>Rows of logits on the device, at another stride than on the host, with NaN behind each row.</summary>
internal static unsafe class PaddedRows
{
    private const int Step = 4;

    /// <summary>Floats from one row to the next: at least one that no kernel may use, and a multiple of 16 bytes.</summary>
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

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda;

/// <summary>
/// A sequence's memory on the device, one allocation of 32-bit words. The parts that requests and steps change come first, so that one copy uploads
/// them: DeviceSequence | tokens before the root | tokens of all nodes | pages of the target's cache | pages of the draft's ||
/// first child, children and depth of all nodes | their paths | draft row and scale of all nodes
/// </summary>
internal sealed class CudaSequence : Sequence
{
    private static readonly int s_headerWords = Unsafe.SizeOf<DeviceSequence>() / sizeof(int);
    private static readonly int s_scaleWords = Unsafe.SizeOf<RowScale>() / sizeof(int);

    private readonly DeviceParts _parts;
    private readonly DeviceBuffer<int> _words;
    private readonly int[] _host;
    private readonly int _root, _targetPages, _draftPages;
    private readonly DeviceSequence _addresses;

    public CudaSequence(CudaContext context, TokenTree tree, SpeculationMethod method, int feed, KvPages target, KvPages? draft) : base(tree, method, target, draft)
    {
        _root = s_headerWords + feed;
        _targetPages = _root + tree.Size;
        _draftPages = _targetPages + target.Capacity;
        _host = new int[_draftPages + (draft?.Capacity ?? 0)];
        int[] nodes = [.. Enumerable.Range(0, tree.Size)];
        int[] paths = new int[tree.Size * tree.Levels];
        foreach (int node in nodes)
            tree.Path(node).CopyTo(paths.AsSpan(node * tree.Levels));
        int[] shape = [.. nodes.Select(tree.FirstChild), .. nodes.Select(tree.ChildCount), .. nodes.Select(tree.Depth), .. paths];
        int drawn = _host.Length + shape.Length;
        _parts = new DeviceParts(context, $"a sequence with trees of {tree.Size} nodes");
        _words = _parts.Allocate<int>(drawn + (tree.Size * (1 + s_scaleWords)));
        _words.CopyFrom(shape, _host.Length);
        _addresses = new DeviceSequence
        {
            Method = method,
            Tokens = AtWord(_root),
            TargetPages = AtWord(_targetPages),
            DraftPages = AtWord(_draftPages),
            Tree = new DeviceTree
            {
                FirstChild = AtWord(_host.Length),
                ChildCount = AtWord(_host.Length + tree.Size),
                Depths = AtWord(_host.Length + (2 * tree.Size)),
                Paths = AtWord(_host.Length + (3 * tree.Size)),
                Size = tree.Size,
                Levels = tree.Levels,
            },
            DraftRow = AtWord(drawn),
            Scales = AtWord(drawn + tree.Size),
        };
    }

    /// <summary>The address of the <see cref="DeviceSequence"/> on the device.</summary>
    public nint Address => _words.Handle;

    public override void Place(WorkQueue queue, int firstNode, ReadOnlySpan<int> tokens)
    {
        DeviceSequence state = _addresses;
        (state.Step, state.Committed, state.Seed, state.Sampling) = (Random.Step, Committed, Random.Seed, new SamplingSettings(Sampling));
        MemoryMarshal.Write(MemoryMarshal.AsBytes(_host.AsSpan()), state);
        tokens.CopyTo(_host.AsSpan(_root + firstNode));
        TargetPages.Pages.CopyTo(_host.AsSpan(_targetPages));
        if (DraftPages is { } pages)
            pages.Pages.CopyTo(_host.AsSpan(_draftPages));
        _words.CopyFrom(_host, 0, CudaQueue.StreamOf(queue));
    }

    public override void Download(WorkQueue queue, Span<int> tokens) => _words.CopyTo(tokens, _root, CudaQueue.StreamOf(queue));

    public override void Dispose() => _parts.Dispose();

    private nint AtWord(int word) => _words.Handle + (word * sizeof(int));
}

using System.Runtime.InteropServices;
using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>One of the two backends of a <see cref="KernelTrial"/>: a layer of a small random model, the same on both sides.</summary>
internal sealed unsafe class TrialSide : IDisposable
{
    public const int Vocabulary = 203;
    private const int Heads = 4;
    private const int KvHeads = 2;
    private const int Intermediate = 72;

    // Of the host, until they are loaded.
    private readonly List<nint> _tensors = [];

    public TrialSide(CudaBackend backend, TensorType type, int headDim, int capacity, int rows)
    {
        int hidden = Heads * headDim;
        var config = new LlamaConfig
        {
            HiddenSize = hidden,
            IntermediateSize = Intermediate,
            Layers = 1,
            Heads = Heads,
            KvHeads = KvHeads,
            HeadDim = headDim,
            VocabularySize = Vocabulary,
            MaxPositions = capacity,
            RmsNormEpsilon = 1e-5f,
            RopeTheta = 10000,
            TiedEmbeddings = false,
        };
        var random = new Random(1);
        Backend = backend;
        Embedding = Matrix(Vocabulary, hidden);
        Norm = backend.Load(Tensor(TensorType.F32, [hidden]));
        Qkv = backend.LoadQkv(Tensor(type, [hidden, hidden]), Tensor(type, [KvHeads * headDim, hidden]), Tensor(type, [KvHeads * headDim, hidden]), headDim);
        Output = Matrix(hidden, hidden);
        GateUp = backend.LoadGateUp(Tensor(type, [Intermediate, hidden]), Tensor(type, [Intermediate, hidden]));
        Down = Matrix(hidden, Intermediate);
        Head = Matrix(Vocabulary, hidden);
        Cache = backend.AllocateCache(config, capacity);
        DraftCache = backend.AllocateCache(config, capacity);
        Pending = backend.AllocateTree(TokenTree.Chain(1), 0);
        Pending.Begin([0, 0]);
        Rope = backend.LoadRope(config, capacity);
        X = backend.Allocate(rows, hidden);
        Normed = backend.AllocateFactor(rows, hidden);
        Queries = backend.AllocateFactor(rows, hidden);
        Attended = backend.AllocateFactor(rows, hidden);
        Inner = backend.AllocateFactor(rows, Intermediate);
        Logits = backend.Allocate(rows, Vocabulary);

        foreach (nint tensor in _tensors)
            NativeMemory.Free((void*)tensor);

        Weight Matrix(int outputs, int columns) => backend.Load(Tensor(type, [outputs, columns]));

        TensorView Tensor(TensorType kind, long[] shape)
        {
            nuint bytes = (nuint)shape.Aggregate(1L, (a, b) => a * b) * (nuint)kind.Size();
            byte* data = (byte*)NativeMemory.Alloc(bytes);
            _tensors.Add((nint)data);
            for (nuint i = 0; i < bytes; i += (nuint)kind.Size())
                Write(kind, (2 * random.NextSingle()) - 1, new Span<byte>(data + i, kind.Size()));
            return new TensorView("trial", kind, shape, (nint)data);
        }
    }

    public CudaBackend Backend { get; }

    public Weight Embedding { get; }

    public Weight Norm { get; }

    public Weight Qkv { get; }

    public Weight Output { get; }

    public Weight GateUp { get; }

    public Weight Down { get; }

    public Weight Head { get; }

    public KvCache Cache { get; }

    public KvCache DraftCache { get; }

    /// <summary>What a draft would compute first.</summary>
    public TreeState Pending { get; }

    public RopeTable Rope { get; }

    public Activations X { get; }

    public Activations Normed { get; }

    public Activations Queries { get; }

    public Activations Attended { get; }

    public Activations Inner { get; }

    public Activations Logits { get; }

    /// <summary>Of the pass at hand.</summary>
    public TreeState State { get; set; } = null!;

    public void Dispose()
    {
        State?.Dispose();
        foreach (IDisposable item in (IDisposable[])[Cache, DraftCache, Pending, X, Normed, Queries, Attended, Inner, Logits])
            item.Dispose();
    }

    private static void Write(TensorType kind, float value, Span<byte> to)
    {
        switch (kind)
        {
            case TensorType.F32:
                BitConverter.TryWriteBytes(to, value);
                break;
            case TensorType.F16:
                BitConverter.TryWriteBytes(to, (Half)value);
                break;
            default:
                BitConverter.TryWriteBytes(to, (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                break;
        }
    }
}

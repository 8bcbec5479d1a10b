using Sequoia.Native.Models;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>One of the two backends of a <see cref="KernelTrial"/>: a layer of a small random model, the same on both sides.</summary>
internal sealed unsafe class TrialSide : IDisposable
{
    public const int Vocabulary = 203;
    private const int Heads = 4;
    private const int KvHeads = 2;
    private const int Intermediate = 72;

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
        Norm = Load(TensorType.F32, [hidden]);
        Qkv = Matrix(config.QkvSize, hidden);
        Output = Matrix(hidden, hidden);
        GateUp = Matrix(2 * Intermediate, hidden);
        Down = Matrix(hidden, Intermediate);
        Head = Matrix(Vocabulary, hidden);
        Cache = backend.AllocateCache(config, capacity);
        Rope = backend.LoadRope(config, capacity);
        X = backend.Allocate(rows, hidden);
        Normed = backend.Allocate(rows, hidden);
        Projected = backend.Allocate(rows, config.QkvSize);
        Attended = backend.Allocate(rows, hidden);
        Gates = backend.Allocate(rows, 2 * Intermediate);
        Inner = backend.Allocate(rows, Intermediate);
        Logits = backend.Allocate(rows, Vocabulary);

        Weight Matrix(int outputs, int columns) => Load(type, [outputs, columns]);

        Weight Load(TensorType kind, long[] shape)
        {
            byte[] bytes = new byte[shape.Aggregate(1L, (a, b) => a * b) * kind.Size()];
            for (int i = 0; i < bytes.Length; i += kind.Size())
                Write(kind, (2 * random.NextSingle()) - 1, bytes.AsSpan(i));
            fixed (byte* first = bytes)
                return backend.Load(new TensorView("trial", kind, shape, (nint)first));
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

    public RopeTable Rope { get; }

    public Activations X { get; }

    public Activations Normed { get; }

    public Activations Projected { get; }

    public Activations Attended { get; }

    public Activations Gates { get; }

    public Activations Inner { get; }

    public Activations Logits { get; }

    /// <summary>Of the pass at hand.</summary>
    public TreeState State { get; set; } = null!;

    public void Dispose()
    {
        State?.Dispose();
        foreach (IDisposable item in (IDisposable[])[Cache, X, Normed, Projected, Attended, Gates, Inner, Logits])
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

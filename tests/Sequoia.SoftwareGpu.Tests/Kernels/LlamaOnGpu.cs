namespace Sequoia.SoftwareGpu.Tests;

/// <summary>A Llama of stories260K's shape with random weights, decoded by kernels and, in doubles, by plain loops.</summary>
internal sealed class LlamaOnGpu : IDisposable
{
    public const int Dim = 64, Hidden = 172, Layers = 5, Heads = 8, KvHeads = 4, Vocab = 512, MaxLength = 64;
    private const int HeadDim = Dim / Heads, KvDim = KvHeads * HeadDim;

    private readonly Dictionary<string, float[]> _weights = [];
    private readonly Dictionary<string, ulong> _device = [];
    private readonly List<double[]> _keys = [], _values = [];

    public LlamaOnGpu()
    {
        Random random = new(42);
        void Add(string name, int rows, int columns) =>
            _weights[name] = [.. Enumerable.Range(0, rows * columns).Select(_ => (random.NextSingle() - 0.5f) * 2 / MathF.Sqrt(columns))];
        Add("embed", Vocab, Dim);
        for (int layer = 0; layer < Layers; layer++)
        {
            Add($"q{layer}", Dim, Dim);
            Add($"k{layer}", KvDim, Dim);
            Add($"v{layer}", KvDim, Dim);
            Add($"o{layer}", Dim, Dim);
            Add($"gate{layer}", Hidden, Dim);
            Add($"up{layer}", Hidden, Dim);
            Add($"down{layer}", Dim, Hidden);
        }

        _weights["norm"] = [.. Enumerable.Range(0, Dim).Select(_ => 0.5f + random.NextSingle())];
        foreach ((string name, float[] values) in _weights)
            _device[name] = Gpu.Upload(values);
        foreach ((string name, int count) in new[] { ("x", Dim), ("h", Dim), ("q", Dim), ("k", KvDim), ("v", KvDim), ("a", Dim), ("g", Hidden), ("u", Hidden), ("logits", Vocab) })
            _device[name] = Gpu.Allocate<float>(count);
        for (int layer = 0; layer < Layers; layer++)
        {
            _device[$"keys{layer}"] = Gpu.Allocate<float>(MaxLength * KvDim);
            _device[$"values{layer}"] = Gpu.Allocate<float>(MaxLength * KvDim);
            _keys.Add(new double[MaxLength * KvDim]);
            _values.Add(new double[MaxLength * KvDim]);
        }

        _device["token"] = Gpu.Upload<int>([1]);
    }

    public Gpu Gpu { get; } = Gpu.FromCuda(LlamaKernels.Source);

    public List<Finding> Findings { get; } = [];

    public int Token => Gpu.Download<int>(_device["token"], 1)[0];

    public float[] Logits => Gpu.Download<float>(_device["logits"], Vocab);

    /// <summary>Decodes one token; the next one is left on the device.</summary>
    public void Step(int position)
    {
        ulong At(string name) => _device[name];
        void Run(string kernel, int grid, int block, int shared, params object[] parameters) =>
            Findings.AddRange(Gpu.Launch(kernel, ((uint)grid, 1, 1), ((uint)block, 1, 1), shared, parameters).Findings);
        void Gemv(string w, string x, string y, int rows, int columns, int add) => Run("gemv", (rows + 3) / 4, 128, 0, At(w), At(x), At(y), rows, columns, add);
        Run("embed", 1, Dim, 0, At("embed"), At("token"), At("x"), Dim);
        for (int layer = 0; layer < Layers; layer++)
        {
            Run("rmsnorm", 1, 64, 0, At("x"), At("norm"), At("h"), Dim);
            Gemv($"q{layer}", "h", "q", Dim, Dim, 0);
            Gemv($"k{layer}", "h", "k", KvDim, Dim, 0);
            Gemv($"v{layer}", "h", "v", KvDim, Dim, 0);
            Run("rope", 1, Dim / 2, 0, At("q"), At("k"), At("v"), At($"keys{layer}"), At($"values{layer}"), position, Dim, KvDim, HeadDim);
            Run("attention", Heads, 32, 4 * MaxLength, At("q"), At($"keys{layer}"), At($"values{layer}"), At("a"), position + 1, KvDim, HeadDim, Heads / KvHeads);
            Gemv($"o{layer}", "a", "x", Dim, Dim, 1);
            Run("rmsnorm", 1, 64, 0, At("x"), At("norm"), At("h"), Dim);
            Gemv($"gate{layer}", "h", "g", Hidden, Dim, 0);
            Gemv($"up{layer}", "h", "u", Hidden, Dim, 0);
            Run("swiglu", 2, 128, 0, At("g"), At("u"), Hidden);
            Gemv($"down{layer}", "g", "x", Dim, Hidden, 1);
        }

        Run("rmsnorm", 1, 64, 0, At("x"), At("norm"), At("h"), Dim);
        Gemv("embed", "h", "logits", Vocab, Dim, 0);
        Run("argmax", 1, 32, 0, At("logits"), At("token"), Vocab);
    }

    /// <summary>The same step in doubles.</summary>
    public double[] Reference(int token, int position)
    {
        double[] x = [.. _weights["embed"].Skip(token * Dim).Take(Dim).Select(v => (double)v)];
        for (int layer = 0; layer < Layers; layer++)
        {
            double[] h = Norm(x), q = Multiply($"q{layer}", h), k = Multiply($"k{layer}", h), v = Multiply($"v{layer}", h);
            Rotate(q, position);
            Rotate(k, position);
            k.CopyTo(_keys[layer], position * KvDim);
            v.CopyTo(_values[layer], position * KvDim);
            double[] o = Multiply($"o{layer}", Attend(q, layer, position + 1));
            for (int i = 0; i < Dim; i++)
                x[i] += o[i];
            h = Norm(x);
            double[] gate = Multiply($"gate{layer}", h), up = Multiply($"up{layer}", h);
            for (int i = 0; i < Hidden; i++)
                gate[i] *= up[i] / (1 + Math.Exp(-gate[i]));
            double[] down = Multiply($"down{layer}", gate);
            for (int i = 0; i < Dim; i++)
                x[i] += down[i];
        }

        return Multiply("embed", Norm(x));
    }

    public void Dispose() => Gpu.Dispose();

    private double[] Norm(double[] x)
    {
        double scale = 1 / Math.Sqrt((x.Sum(v => v * v) / Dim) + 1e-5);
        return [.. x.Select((v, i) => v * scale * _weights["norm"][i])];
    }

    private double[] Multiply(string name, double[] x)
    {
        float[] w = _weights[name];
        double[] y = new double[w.Length / x.Length];
        for (int row = 0; row < y.Length; row++)
        {
            for (int c = 0; c < x.Length; c++)
                y[row] += w[(row * x.Length) + c] * x[c];
        }

        return y;
    }

    private static void Rotate(double[] x, int position)
    {
        for (int i = 0; i < x.Length; i += 2)
        {
            double angle = position * Math.Pow(10000, -(double)(i % HeadDim) / HeadDim), s = Math.Sin(angle), c = Math.Cos(angle);
            (x[i], x[i + 1]) = ((x[i] * c) - (x[i + 1] * s), (x[i] * s) + (x[i + 1] * c));
        }
    }

    private double[] Attend(double[] q, int layer, int length)
    {
        double[] result = new double[Dim];
        for (int head = 0; head < Heads; head++)
        {
            int kv = head / (Heads / KvHeads) * HeadDim;
            double[] scores = new double[length];
            for (int t = 0; t < length; t++)
            {
                for (int d = 0; d < HeadDim; d++)
                    scores[t] += q[(head * HeadDim) + d] * _keys[layer][(t * KvDim) + kv + d] / Math.Sqrt(HeadDim);
            }

            double sum = scores.Sum(Math.Exp);
            for (int d = 0; d < HeadDim; d++)
            {
                for (int t = 0; t < length; t++)
                    result[(head * HeadDim) + d] += Math.Exp(scores[t]) / sum * _values[layer][(t * KvDim) + kv + d];
            }
        }

        return result;
    }
}

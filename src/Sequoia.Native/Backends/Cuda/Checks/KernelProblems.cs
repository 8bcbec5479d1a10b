using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>
/// Creates problems for the engine's kernels on one device. Kernels are compiled when first needed. For one thread at a time. When a kernel
/// fails, its context is lost, and this object with it.
/// </summary>
internal sealed class KernelProblems : IDisposable
{
    private readonly KernelLaunchers _launchers;

    /// <summary>Creates problems in a context.</summary>
    /// <param name="context">The context, which must outlive this object and all problems.</param>
    /// <param name="compiler">NVRTC.</param>
    public KernelProblems(CudaContext context, CudaCompiler compiler) => _launchers = new KernelLaunchers(context, compiler, KernelSet.Default);

    /// <summary>The names of the kernels that have problems, in the order of a step.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. KernelTopic.All.Select(topic => topic.Name)];

    /// <summary>Whether the device can run a kernel: kernels with tensor cores need compute capability 8.0.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public bool CanRun(string name) => _launchers.CanRun(Topic(name));

    /// <summary>A problem of random sizes, small enough for the software GPU, with random logits, trees and numbers of all kinds.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="seed">The seed of sizes and contents: 0 or more.</param>
    /// <exception cref="CudaException">The device is out of memory, or rejects the kernel.</exception>
    public KernelProblem Random(string name, int seed) => Topic(name).Random(_launchers, seed);

    /// <summary>Problems with the sizes of a model's layer, trees of 1, 16 and 64 nodes, and a vocabulary of 32,000 tokens.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="fullSize">Sizes of a model of seven billion parameters; otherwise a quarter of its width, for the software GPU.</param>
    /// <returns>Each problem is created when it is enumerated.</returns>
    /// <exception cref="CudaException">The device is out of memory, or rejects the kernel.</exception>
    public IEnumerable<KernelProblem> Typical(string name, bool fullSize) =>
        Topic(name).Typical(_launchers, fullSize ? TypicalSizes.SevenBillion : TypicalSizes.Quarter);

    /// <summary>
    /// Problems of the sizes that a GPU really runs, for comparing: those of <see cref="Typical"/> behind 2,048 tokens, and for what reads logits also
    /// a vocabulary of 128,256 tokens.
    /// </summary>
    /// <inheritdoc cref="Typical"/>
    public IEnumerable<KernelProblem> Large(string name, bool fullSize)
    {
        const int LongPrefix = 2048, LargeVocabulary = 128_256;
        KernelTopic topic = Topic(name);
        TypicalSizes sizes = (fullSize ? TypicalSizes.SevenBillion : TypicalSizes.Quarter) with { Prefix = LongPrefix }, wide = sizes with { Vocabulary = LargeVocabulary };
        return name switch
        {
            "matmul" => topic.Typical(_launchers, sizes).Concat(TypicalProblems.Head(_launchers, sizes)).Concat(TypicalProblems.Head(_launchers, wide)),
            "draw_children" or "verify_tree" => topic.Typical(_launchers, sizes).Concat(topic.Typical(_launchers, wide)),
            _ => topic.Typical(_launchers, sizes),
        };
    }

    /// <summary>Unloads the kernels.</summary>
    public void Dispose() => _launchers.Dispose();

    private static KernelTopic Topic(string name) =>
        KernelTopic.All.FirstOrDefault(topic => topic.Name == name) ?? throw new ArgumentException($"there are no problems for {name}", nameof(name));
}

/// <summary>Creates problems for one of the engine's kernels.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="NeedsTensorCores">Whether it needs compute capability 8.0.</param>
/// <param name="Random">A problem of random sizes from a seed.</param>
/// <param name="Typical">Problems with the sizes of a model; each is created when it is enumerated.</param>
internal sealed record KernelTopic(
    string Name, bool NeedsTensorCores, Func<KernelLaunchers, int, KernelProblem> Random, Func<KernelLaunchers, TypicalSizes, IEnumerable<KernelProblem>> Typical)
{
    /// <summary>In the order of a step.</summary>
    public static IReadOnlyList<KernelTopic> All { get; } =
    [
        new("embed", false, (launchers, seed) => EmbedProblem.Random(seed, launchers.Of(seed)), TypicalProblems.Embed),
        new("rms_norm", false, (launchers, seed) => RmsNormProblem.Random(seed, launchers.Of(seed)), TypicalProblems.RmsNorm),
        new("matmul", true, (launchers, seed) => launchers.MatMul(MatMulCase.Random(seed), inTurn: seed / 5 % 2 == 0), TypicalProblems.MatMul),
        new("matmul_scalar", false, (launchers, seed) => launchers.MatMulScalar(MatMulInputs.Random(MatMulCase.Random(seed))), TypicalProblems.MatMulScalar),
        new("attend", true, (launchers, seed) => launchers.Attend(seed), TypicalProblems.Attend),
        new("attend_scalar", false, (launchers, seed) => launchers.AttendScalar(seed), TypicalProblems.AttendScalar),
        new("draw_children", false, (launchers, seed) => launchers.DrawChildren(seed), TypicalProblems.DrawChildren),
        new("verify_tree", false, (launchers, seed) => new VerifyTreeProblem(launchers.Any, VerifyInputs.OfSeed(seed)), TypicalProblems.VerifyTree),
        new("compact_kv", false, (launchers, seed) => CompactKvProblem.Random(seed, launchers.Any), TypicalProblems.CompactKv),
        new("advance_step", false, (launchers, seed) => new AdvanceStepProblem(launchers.Any, seed), TypicalProblems.AdvanceStep),
    ];
}

/// <summary>A set of kernels on one device, for both element types.</summary>
internal sealed class KernelLaunchers(CudaContext context, CudaCompiler compiler, KernelSet set) : IDisposable
{
    private readonly CudaKernels[] _kernels = [.. Enum.GetValues<Element>().Select(element => new CudaKernels(context, compiler, set, element))];

    /// <summary>For kernels without an element type.</summary>
    public CudaKernels Any => _kernels[0];

    /// <summary>Whether kernels are checked by the bounds for user kernels.</summary>
    public bool AreReplacements { get; init; }

    public bool CanRun(KernelTopic topic) => !topic.NeedsTensorCores || CudaBackend.HasTensorCores(context.Device);

    /// <summary>Chooses one of the two types by a seed.</summary>
    public CudaKernels Of(int seed) => Of((Element)(seed / 4 % _kernels.Length));

    public CudaKernels Of(Element element) => _kernels[(int)element];

    public MatMulProblem MatMul(MatMulCase sizes, bool inTurn = false) => MatMul(MatMulInputs.Random(sizes), inTurn);

    /// <param name="inputs">The operands.</param>
    /// <param name="inTurn">Whether a block sums all splits, as with many tiles.</param>
    public MatMulProblem MatMul(MatMulInputs inputs, bool inTurn = false)
    {
        CudaKernels kernels = Of(inputs.Case.Element);
        return new(inTurn ? new MatMulKernels(kernels, tensorCores: true, enoughTiles: 1) : new MatMulKernels(kernels, tensorCores: true), new MatMulKernels(kernels, tensorCores: false), inputs);
    }

    public MatMulProblem MatMulScalar(MatMulInputs inputs)
    {
        var kernels = new MatMulKernels(Of(inputs.Case.Element), tensorCores: false);
        return new(kernels, kernels, inputs);
    }

    public DrawChildrenProblem DrawChildren(int seed)
    {
        const int MostRows = 12;
        return new(Any, DraftedTree.OfSeed(seed, MostRows), seed, parts: DrawChildrenProblem.PartsOf(seed));
    }

    public AttendProblem Attend(int seed) => AttendProblem.Random(seed, Of(seed), AreReplacements);

    public AttendProblem AttendScalar(int seed) => AttendProblem.RandomScalar(seed, Of(seed), AreReplacements);

    public void Dispose()
    {
        foreach (CudaKernels kernels in _kernels)
            kernels.Dispose();
    }
}

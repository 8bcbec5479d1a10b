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

    /// <summary>Whether the device can run a kernel: some need compute capability 8.0, or just 9.0.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public bool CanRun(string name) => _launchers.CanRun(Topic(name));

    /// <summary>The compute capability that the software GPU needs for a kernel: 9.0 if it is for Hopper, and 8.0 for all others.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static Version SoftwareCapability(string name) => Topic(name).Target == KernelTarget.Hopper ? new Version(9, 0) : new Version(8, 0);

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
            "matmul" => Heads(MatMulSource.TensorCores),
            "matmul_sm90" => Heads(MatMulSource.Hopper),
            "draw_children" or "verify_tree" => topic.Typical(_launchers, sizes).Concat(topic.Typical(_launchers, wide)),
            _ => topic.Typical(_launchers, sizes),
        };

        IEnumerable<KernelProblem> Heads(MatMulSource source) =>
            topic.Typical(_launchers, sizes).Concat(TypicalProblems.Head(_launchers, sizes, source)).Concat(TypicalProblems.Head(_launchers, wide, source));
    }

    /// <summary>Unloads the kernels.</summary>
    public void Dispose() => _launchers.Dispose();

    private static KernelTopic Topic(string name) =>
        KernelTopic.All.FirstOrDefault(topic => topic.Name == name) ?? throw new ArgumentException($"there are no problems for {name}", nameof(name));
}

/// <summary>Creates problems for one of the engine's kernels.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="Target">The devices that it runs on.</param>
/// <param name="Random">A problem of random sizes from a seed.</param>
/// <param name="Typical">Problems with the sizes of a model; each is created when it is enumerated.</param>
internal sealed record KernelTopic(
    string Name, KernelTarget Target, Func<KernelLaunchers, int, KernelProblem> Random, Func<KernelLaunchers, TypicalSizes, IEnumerable<KernelProblem>> Typical)
{
    /// <summary>In the order of a step.</summary>
    public static IReadOnlyList<KernelTopic> All { get; } =
    [
        new("embed", KernelTarget.Any, (launchers, seed) => EmbedProblem.Random(seed, launchers.Of(seed)), TypicalProblems.Embed),
        new("matmul", KernelTarget.TensorCores, (launchers, seed) => launchers.RandomMatMul(MatMulSource.TensorCores, seed), (launchers, sizes) => TypicalProblems.MatMul(launchers, sizes, MatMulSource.TensorCores)),
        new("matmul_sm90", KernelTarget.Hopper, (launchers, seed) => launchers.RandomMatMul(MatMulSource.Hopper, seed), (launchers, sizes) => TypicalProblems.MatMul(launchers, sizes, MatMulSource.Hopper)),
        new("matmul_scalar", KernelTarget.Any, (launchers, seed) => launchers.MatMulScalar(MatMulInputs.Random(MatMulCase.Random(seed))), TypicalProblems.MatMulScalar),
        new("attend", KernelTarget.TensorCores, (launchers, seed) => launchers.Attend(seed), TypicalProblems.Attend),
        new("attend_scalar", KernelTarget.Any, (launchers, seed) => launchers.AttendScalar(seed), TypicalProblems.AttendScalar),
        new("draw_children", KernelTarget.Any, (launchers, seed) => launchers.DrawChildren(seed), TypicalProblems.DrawChildren),
        new("verify_tree", KernelTarget.Any, (launchers, seed) => new VerifyTreeProblem(launchers.Any, VerifyInputs.OfSeed(seed)), TypicalProblems.VerifyTree),
        new("compact_kv", KernelTarget.Any, (launchers, seed) => CompactKvProblem.Random(seed, launchers.Any), TypicalProblems.CompactKv),
        new("advance_step", KernelTarget.Any, (launchers, seed) => new AdvanceStepProblem(launchers.Any, seed), TypicalProblems.AdvanceStep),
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

    /// <summary>The kernels of products, where a problem does not choose them.</summary>
    public MatMulSource Products { get; init; } = MatMulSource.TensorCores;

    public bool CanRun(KernelTopic topic) => topic.Target.RunsOn(context.Device.ComputeCapability);

    /// <summary>Chooses one of the two types by a seed.</summary>
    public CudaKernels Of(int seed) => Of((Element)(seed / 4 % _kernels.Length));

    public CudaKernels Of(Element element) => _kernels[(int)element];

    public MatMulProblem MatMul(MatMulCase sizes, bool inTurn = false) => MatMul(MatMulInputs.Random(sizes), inTurn);

    public MatMulProblem RandomMatMul(MatMulSource source, int seed) => MatMul(MatMulInputs.Random(MatMulCase.Random(seed)), inTurn: seed / 5 % 2 == 0, source);

    /// <param name="inputs">The operands.</param>
    /// <param name="inTurn">Whether a block sums all splits, as with many tiles.</param>
    /// <param name="source">The kernels. If null, <see cref="Products"/>.</param>
    public MatMulProblem MatMul(MatMulInputs inputs, bool inTurn = false, MatMulSource? source = null)
    {
        CudaKernels kernels = Of(inputs.Case.Element);
        MatMulSource chosen = source ?? Products;
        return new(inTurn ? new MatMulKernels(kernels, chosen, enoughTiles: 1) : new MatMulKernels(kernels, chosen), new MatMulKernels(kernels, MatMulSource.Scalar), inputs);
    }

    public MatMulProblem MatMulScalar(MatMulInputs inputs)
    {
        var kernels = new MatMulKernels(Of(inputs.Case.Element), MatMulSource.Scalar);
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

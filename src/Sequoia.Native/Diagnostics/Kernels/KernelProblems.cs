using Sequoia.Interop;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>
/// Makes problems for the engine's kernels on one device. Kernels are compiled when first needed. For one thread at a time; when a kernel
/// fails, its context is lost, and this with it.
/// </summary>
public sealed class KernelProblems : IDisposable
{
    private readonly KernelLaunchers _launchers;

    /// <summary>Makes problems in a context.</summary>
    /// <param name="context">The context, which must live as long as this and all problems do.</param>
    /// <param name="compiler">NVRTC.</param>
    public KernelProblems(CudaContext context, CudaCompiler compiler) : this(context, compiler, KernelSet.Default)
    {
    }

    internal KernelProblems(CudaContext context, CudaCompiler compiler, KernelSet set) => _launchers = new KernelLaunchers(context, compiler, set);

    /// <summary>The names of the kernels that there are problems for, in the order of a step.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. KernelTopic.All.Select(topic => topic.Name)];

    /// <summary>Whether the device can run a kernel: those that use tensor cores take compute capability 8.0.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public bool CanRun(string name) => _launchers.HasTensorCores || !Topic(name).NeedsTensorCores;

    /// <summary>A problem of any sizes, small enough for the software GPU, and logits, trees and numbers of any kind.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="seed">Of sizes and contents: 0 or more.</param>
    /// <exception cref="CudaException">The device has no room, or does not take the kernel.</exception>
    public KernelProblem Random(string name, int seed) => Topic(name).Random(_launchers, seed);

    /// <summary>Problems of the sizes of a model's layer, trees of 1, 16 and 64 nodes, and a vocabulary of 32,000 tokens.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="fullSize">Sizes of a model of seven billion parameters; else a quarter of its width, for the software GPU.</param>
    /// <returns>Each is made when it is come to.</returns>
    /// <exception cref="CudaException">The device has no room, or does not take the kernel.</exception>
    public IEnumerable<KernelProblem> Typical(string name, bool fullSize) =>
        Topic(name).Typical(_launchers, fullSize ? TypicalSizes.SevenBillion : TypicalSizes.Quarter);

    /// <summary>Unloads the kernels.</summary>
    public void Dispose() => _launchers.Dispose();

    private static KernelTopic Topic(string name) =>
        KernelTopic.All.FirstOrDefault(topic => topic.Name == name) ?? throw new ArgumentException($"there are no problems for {name}", nameof(name));
}

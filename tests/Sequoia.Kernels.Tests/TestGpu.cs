using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests;

/// <summary>The software GPU's context that all tests of single kernels share, and the kernels in it.</summary>
internal static class TestGpu
{
    private static readonly Lazy<CudaCompiler> Cached = new(() => NeededLibraries.Compiler(KernelCache.Default));

    // Mutants are not worth a place in the user's cache.
    private static readonly Lazy<CudaCompiler> OfMutants = new(() => NeededLibraries.Compiler());

    private static KernelLaunchers? s_sound, s_hopper;
    private static CudaContext? s_hopperContext;

    public static CudaContext Context { get; private set; } = SoftwareDriver.Open();

    /// <summary>A context of the software GPU with compute capability 9.0.</summary>
    public static CudaContext HopperContext
    {
        get
        {
            if (s_hopperContext is null)
            {
                Version usual = SoftwareDriver.ComputeCapability;
                SoftwareDriver.ComputeCapability = new Version(9, 0);
                s_hopperContext = SoftwareDriver.Open();
                SoftwareDriver.ComputeCapability = usual;
            }
            return s_hopperContext;
        }
    }

    public static CudaCompiler Compiler => Cached.Value;

    /// <summary>The engine's kernels.</summary>
    public static KernelLaunchers Sound => s_sound ??= With(null);

    /// <summary>The engine's kernels with products from a source, on a device for it.</summary>
    public static KernelLaunchers Of(MatMulSource products) => products == MatMulSource.Hopper ? s_hopper ??= With(null, products) : Sound;

    /// <summary>The engine's kernels, perhaps with a bug put in, for the caller to dispose of.</summary>
    public static KernelLaunchers With(Mutation? mutation, MatMulSource products = MatMulSource.TensorCores) =>
        new(products == MatMulSource.Hopper ? HopperContext : Context, mutation is null ? Compiler : OfMutants.Value, mutation?.Set ?? KernelSet.Default) { Products = products };

    /// <summary>The engine's kernels with two changes, one after the other.</summary>
    public static KernelLaunchers With(Mutation? first, Mutation second) =>
        new(Context, OfMutants.Value, second.In((first?.Set) ?? KernelSet.Default));

    /// <summary>Waits for what was launched on either device.</summary>
    public static void Synchronize()
    {
        Context.Synchronize();
        s_hopperContext?.Synchronize();
    }

    /// <summary>Whether checks fail; after a fault, which loses a context and all that is in it, there is another one.</summary>
    public static bool IsFound(Action checks) => FirstFault(checks) is not null;

    /// <summary>The same in words; null if checks pass.</summary>
    public static string? FirstFault(Action checks)
    {
        try
        {
            checks();
            return null;
        }
        catch (Exception e) when (e is KernelFault or CudaException)
        {
            TestContext.Out.WriteLine(e.Message);
            Context.Dispose();
            s_hopperContext?.Dispose();
            (Context, s_hopperContext, s_sound, s_hopper) = (SoftwareDriver.Open(), null, null, null);
            return e.Message;
        }
    }
}

/// <summary>Base of tests that compile CUDA: skipped where NVRTC is missing, unless it is required.</summary>
internal abstract class CudaFixture
{
    [OneTimeSetUp]
    public void RequireNvrtc() => _ = NeededLibraries.Compiler();
}

/// <summary>A bug put into a kernel's source by replacing one piece of its text.</summary>
internal sealed record Mutation(string Name, string File, string From, string To)
{
    /// <summary>The engine's kernels with this bug.</summary>
    public KernelSet Set => In(KernelSet.Default);

    /// <summary>Some kernels with this bug.</summary>
    public KernelSet In(KernelSet set) => File.EndsWith(".cuh", StringComparison.Ordinal)
        ? set.ReplaceHeader(File, Apply(set.SourceHeaders[File]))
        : set.ReplaceAny(Path.GetFileNameWithoutExtension(File), Apply(set.Source(Path.GetFileNameWithoutExtension(File))));

    public string Apply(string source)
    {
        int at = source.IndexOf(From, StringComparison.Ordinal);
        if (at < 0 || source.IndexOf(From, at + 1, StringComparison.Ordinal) >= 0)
            throw new InvalidOperationException($"{Name}: {File} must have its text exactly once: {From}");
        return source.Replace(From, To, StringComparison.Ordinal);
    }

    public override string ToString() => Name;
}

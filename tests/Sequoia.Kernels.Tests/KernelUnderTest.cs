using Sequoia.Interop;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests;

/// <summary>A kernel on the software GPU: compiled for a number of threads a block, perhaps with a bug put in.</summary>
internal sealed unsafe class KernelUnderTest : IDisposable
{
    private readonly CudaModule _module;
    private readonly CudaKernel _kernel;

    /// <param name="name">The kernel's name, and its file's without .cu.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="threadsMacro">The macro that sets them; null where their number is fixed.</param>
    /// <param name="mutation">A bug to put in.</param>
    public KernelUnderTest(string name, int threads, string? threadsMacro = null, Mutation? mutation = null)
    {
        Threads = threads;
        Dictionary<string, string?> defines = threadsMacro is null ? [] : new() { [threadsMacro] = $"{threads}" };
        _module = Gpu.Load(KernelSource.Compile(name, "compute_75", defines, mutation));
        _kernel = _module[name];
    }

    public int Threads { get; }

    /// <summary>The context of everything that is made from now on.</summary>
    public static CudaContext Gpu { get; private set; } = SoftwareDriver.Open();

    /// <summary>After a fault, which loses a context and all that is in it.</summary>
    public static void OpenAnotherContext()
    {
        Gpu.Dispose();
        Gpu = SoftwareDriver.Open();
    }

    /// <summary>The launch's report; findings are faults.</summary>
    public LaunchReport Launch<T>(int blocks, T parameters, int sharedBytes = 0) where T : unmanaged
    {
        nint address = (nint)(&parameters);
        LaunchReport report = SoftwareDriver.Observe(
            () => _kernel.Launch(blocks, Threads, sharedBytes, null, KernelArgument.At((void*)address, sizeof(T))));
        return report.Findings.Count == 0 ? report : throw new KernelFault(report.Findings[0].ToString());
    }

    public void Dispose() => _module.Dispose();
}

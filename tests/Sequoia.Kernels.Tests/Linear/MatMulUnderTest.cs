using Sequoia.Interop;
using Sequoia.Interop.Tests;
using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>The linear layers of both element types on the software GPU, perhaps with a bug put in.</summary>
internal sealed class MatMulUnderTest : IDisposable
{
    private static readonly Lazy<CudaCompiler> Nvrtc = new(() => NeededLibraries.Compiler(KernelCache.Default));

    // Mutants are not worth a place in the user's cache.
    private static readonly Lazy<CudaCompiler> OfMutants = new(() => NeededLibraries.Compiler());

    private readonly CudaContext _gpu = SoftwareDriver.Open();
    private readonly MatMulKernels[] _kernels, _inTurn, _twins;

    public MatMulUnderTest(Mutation? mutation = null)
    {
        KernelSet set = mutation is null ? KernelSet.Default : Mutated(mutation);
        CudaKernels[] sources = [.. Enum.GetValues<Element>().Select(element => new CudaKernels(_gpu, (mutation is null ? Nvrtc : OfMutants).Value, set, element))];
        _kernels = [.. sources.Select(source => new MatMulKernels(source, tensorCores: true))];
        _inTurn = [.. sources.Select(source => new MatMulKernels(source, tensorCores: true, enoughTiles: 1))];
        _twins = [.. sources.Select(source => new MatMulKernels(source, tensorCores: false))];
    }

    public static CudaCompiler Compiler => Nvrtc.Value;

    public MatMulProblem Problem(MatMulCase sizes, bool inTurn = false) => Problem(MatMulInputs.Random(sizes), inTurn);

    /// <param name="inputs">The operands.</param>
    /// <param name="inTurn">Whether a block sums all splits, as with many tiles.</param>
    public MatMulProblem Problem(MatMulInputs inputs, bool inTurn = false)
    {
        int element = (int)inputs.Case.Element;
        return new((inTurn ? _inTurn : _kernels)[element], _twins[element], inputs);
    }

    /// <summary>Runs a problem's kernel, or its twin; findings and wrong results are faults.</summary>
    public static LaunchReport Run(MatMulProblem problem, bool twin = false)
    {
        LaunchReport report = SoftwareDriver.Observe(twin ? problem.LaunchTwin : problem.Launch);
        if (report.Findings.Count > 0)
            throw new KernelFault($"{problem.Shape}: {report.Findings[0]}");
        Deviation deviation = problem.Compare();
        return deviation.IsWithinRounding ? report : throw new KernelFault($"{problem.Shape}: {deviation.Where}");
    }

    public void Dispose() => _gpu.Dispose();

    private static KernelSet Mutated(Mutation mutation)
    {
        if (mutation.File.EndsWith(".cuh", StringComparison.Ordinal))
            return KernelSet.Default.ReplaceHeader(mutation.File, mutation.Apply(mutation.File, KernelSet.Headers[mutation.File]));
        string name = mutation.File == "matmul.cu" ? "matmul" : "matmul_scalar";
        return KernelSet.Default.Replace(name, mutation.Apply(mutation.File, KernelSet.Default[name]));
    }
}

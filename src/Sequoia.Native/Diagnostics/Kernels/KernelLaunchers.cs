using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A set of kernels on one device, for both types of elements.</summary>
internal sealed class KernelLaunchers(CudaContext context, CudaCompiler compiler, KernelSet set) : IDisposable
{
    private readonly CudaKernels[] _kernels = [.. Enum.GetValues<Element>().Select(element => new CudaKernels(context, compiler, set, element))];

    /// <summary>For what has no elements.</summary>
    public CudaKernels Any => _kernels[0];

    public bool HasTensorCores => CudaBackend.HasTensorCores(context.Device);

    /// <summary>Of one type or the other, by a seed.</summary>
    public CudaKernels Of(int seed) => Of((Element)(seed / 4 % _kernels.Length));

    public CudaKernels Of(Element element) => _kernels[(int)element];

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

    public void Dispose()
    {
        foreach (CudaKernels kernels in _kernels)
            kernels.Dispose();
    }
}

namespace Sequoia.Interop;

/// <summary>cuBLAS in one context. Not for use by several threads at once.</summary>
public sealed unsafe class Cublas : ContextObject
{
    // CUBLAS_GEMM_DEFAULT: cuBLAS chooses.
    private const int DefaultAlgorithm = -1;

    private readonly CublasLibrary _library;

    private Cublas(CublasLibrary library, CudaContext context, nint handle) : base(context, context, handle, owned: true) => _library = library;

    /// <summary>Puts later work into this stream; null is the default stream. cuBLAS then uses its own workspace again.</summary>
    /// <exception cref="CublasException">cuBLAS refused.</exception>
    public void SetStream(CudaStream? stream)
    {
        using (Context.Enter())
            _library.Check(_library.Api.cublasSetStream_v2(Handle, CudaStream.HandleOf(stream)));
        GC.KeepAlive(this);
        GC.KeepAlive(stream);
    }

    /// <summary>
    /// Gives cuBLAS memory to work in, which capturing a stream needs. It must outlive the work. Call it after <see cref="SetStream"/>.
    /// </summary>
    /// <exception cref="CublasException">cuBLAS refused.</exception>
    public void SetWorkspace(DeviceBuffer<byte> workspace)
    {
        ArgumentNullException.ThrowIfNull(workspace);
        using (Context.Enter())
            _library.Check(_library.Api.cublasSetWorkspace_v2(Handle, (void*)workspace.Handle, (nuint)workspace.Bytes));
        GC.KeepAlive(this);
    }

    /// <summary>
    /// C = alpha op(A) op(B) + beta C, with op(A) of m x k, op(B) of k x n and C of m x n.
    /// </summary>
    /// <exception cref="CublasException">cuBLAS refused.</exception>
    public void Multiply(
        CublasTranspose transposeA, CublasTranspose transposeB, int m, int n, int k, float alpha, CublasMatrix a, CublasMatrix b, float beta, CublasMatrix c,
        CublasCompute compute = CublasCompute.F32)
    {
        using (Context.Enter())
        {
            _library.Check(_library.Api.cublasGemmEx(
                Handle, transposeA, transposeB, m, n, k,
                &alpha, (void*)a.Address, a.Type, a.LeadingDimension, (void*)b.Address, b.Type, b.LeadingDimension,
                &beta, (void*)c.Address, c.Type, c.LeadingDimension, compute, DefaultAlgorithm));
        }
        GC.KeepAlive(this);
    }

    internal static Cublas Create(CublasLibrary library, CudaContext context)
    {
        nint handle;
        using (context.Enter())
            library.Check(library.Api.cublasCreate_v2(&handle));
        return new Cublas(library, context, handle);
    }

    // The base class knows the driver's codes only; what it does with them is to tell success from failure.
    private protected override CudaResult Release(nint value) =>
        _library.Api.cublasDestroy_v2(value) == CublasResult.Success ? CudaResult.Success : CudaResult.Unknown;
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>cuBLAS's entry points that this library calls; all of them are in cuBLAS 11.4 and later.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CublasTable
{
    // (cublasHandle_t* handle), (cublasHandle_t handle)
    public delegate* unmanaged<nint*, CublasResult> cublasCreate_v2;
    public delegate* unmanaged<nint, CublasResult> cublasDestroy_v2;

    // (libraryPropertyType type, int* value): 0 major, 1 minor, 2 patch; needs no handle and so no GPU
    public delegate* unmanaged<int, int*, CublasResult> cublasGetProperty;

    // (cublasHandle_t handle, cudaStream_t stream)
    public delegate* unmanaged<nint, nint, CublasResult> cublasSetStream_v2;

    // (cublasHandle_t handle, void* workspace, size_t bytes)
    public delegate* unmanaged<nint, void*, nuint, CublasResult> cublasSetWorkspace_v2;

    // (handle, transa, transb, m, n, k, alpha, A, Atype, lda, B, Btype, ldb, beta, C, Ctype, ldc, computeType, algo)
    public delegate* unmanaged<
        nint, CublasTranspose, CublasTranspose, int, int, int, void*, void*, CublasType, int, void*, CublasType, int, void*, void*, CublasType, int,
        CublasCompute, int, CublasResult> cublasGemmEx;

    // (cublasStatus_t status), returns const char*
    public delegate* unmanaged<CublasResult, byte*> cublasGetStatusName;
    public delegate* unmanaged<CublasResult, byte*> cublasGetStatusString;

    /// <summary>The C names, in the order of the fields.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        nameof(cublasCreate_v2), nameof(cublasDestroy_v2), nameof(cublasGetProperty), nameof(cublasSetStream_v2), nameof(cublasSetWorkspace_v2),
        nameof(cublasGemmEx), nameof(cublasGetStatusName), nameof(cublasGetStatusString),
    ];

    public static Span<nint> Entries(ref CublasTable table) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<CublasTable, nint>(ref table), sizeof(CublasTable) / sizeof(nint));
}

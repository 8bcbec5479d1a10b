using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests.Cublas;

/// <summary>cuBLAS that writes down what it is given.</summary>
internal static unsafe class FakeCublas
{
    public static List<string> Calls { get; } = [];

    public static CublasResult Answer { get; set; }

    public static CublasLibrary Library()
    {
        Calls.Clear();
        Answer = CublasResult.Success;
        return new CublasLibrary(new LibraryReport("cuBLAS", 1, "fake", []), new CublasTable
        {
            cublasCreate_v2 = &Create,
            cublasDestroy_v2 = &Destroy,
            cublasGetProperty = &GetProperty,
            cublasSetStream_v2 = &SetStream,
            cublasSetWorkspace_v2 = &SetWorkspace,
            cublasGemmEx = &Gemm,
            cublasGetStatusName = &StatusName,
            cublasGetStatusString = &StatusString,
        });
    }

    [UnmanagedCallersOnly]
    private static CublasResult Create(nint* handle)
    {
        *handle = 0x99;
        return Note("create");
    }

    [UnmanagedCallersOnly]
    private static CublasResult Destroy(nint handle) => Note($"destroy {handle:x}");

    [UnmanagedCallersOnly]
    private static CublasResult GetProperty(int which, int* value)
    {
        *value = 12 + which;
        return CublasResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CublasResult SetStream(nint handle, nint stream) => Note($"stream {handle:x} {stream:x}");

    [UnmanagedCallersOnly]
    private static CublasResult SetWorkspace(nint handle, void* workspace, nuint bytes) => Note($"workspace {handle:x} {(nint)workspace:x} {bytes}");

    [UnmanagedCallersOnly]
    private static CublasResult Gemm(
        nint handle, CublasTranspose transposeA, CublasTranspose transposeB, int m, int n, int k, void* alpha, void* a, CublasType typeA, int stepA,
        void* b, CublasType typeB, int stepB, void* beta, void* c, CublasType typeC, int stepC, CublasCompute compute, int algorithm) =>
        Note($"gemm {handle:x} {transposeA} {transposeB} {m} {n} {k} {*(float*)alpha} {(nint)a} {typeA} {stepA} {(nint)b} {typeB} {stepB} "
            + $"{*(float*)beta} {(nint)c} {typeC} {stepC} {compute} {algorithm}");

    [UnmanagedCallersOnly]
    private static byte* StatusName(CublasResult result) => Literal("CUBLAS_STATUS_X\0"u8);

    [UnmanagedCallersOnly]
    private static byte* StatusString(CublasResult result) => Literal("it is so\0"u8);

    private static CublasResult Note(string call)
    {
        Calls.Add(call);
        return Answer;
    }

    private static byte* Literal(ReadOnlySpan<byte> text) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(text));
}

using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// Stands where a driver has no entry point, so that a call returns a code of its own instead of jumping to address 0. The caller of a C
/// function removes the arguments on every platform that CUDA runs on, so one function serves all signatures.
/// </summary>
internal static unsafe class MissingEntryPoint
{
    /// <summary>No driver returns it: CUresult has no negative values.</summary>
    public const CudaResult Code = (CudaResult)(-1);

    public static void Fill(ref DriverTable table)
    {
        foreach (ref nint entry in DriverTable.Entries(ref table))
        {
            if (entry == 0)
                entry = (nint)(delegate* unmanaged<CudaResult>)&Call;
        }
    }

    [UnmanagedCallersOnly]
    private static CudaResult Call() => Code;
}

using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// Replaces an entry point that a driver does not have, so that a call returns a special code instead of jumping to address 0. On every platform
/// that CUDA supports, the caller of a C function removes the arguments, so one function serves all signatures.
/// </summary>
internal static unsafe class MissingEntryPoint
{
    /// <summary>No driver returns this code: CUresult has no negative values.</summary>
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

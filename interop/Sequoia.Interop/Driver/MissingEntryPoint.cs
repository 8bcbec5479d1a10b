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

    /// <summary>Replaces the missing entry points of a table, and returns their names.</summary>
    public static IReadOnlyList<string> Fill(ref DriverTable table)
    {
        var missing = new List<string>();
        Span<nint> entries = DriverTable.Entries(ref table);
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i] != 0)
                continue;
            entries[i] = (nint)(delegate* unmanaged<CudaResult>)&Call;
            missing.Add(DriverTable.Names[i]);
        }
        return missing;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Call() => Code;
}

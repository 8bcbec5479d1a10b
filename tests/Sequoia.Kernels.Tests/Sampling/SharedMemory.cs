using System.Numerics;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>What the sampling kernels' headers ask their caller for.</summary>
internal static class SharedMemory
{
    /// <summary>Dynamic shared memory in bytes: 2048 bins of a histogram, or two trees over the row's tiles.</summary>
    public static int ForRow(int vocabulary) => Math.Max(2048 * sizeof(ulong), 2 * sizeof(float) * TreeSize(vocabulary));

    /// <summary>Floats of a twin's workspace for one row and its sums.</summary>
    public static int WorkspaceForRow(int vocabulary) => vocabulary + TreeSize(vocabulary);

    private static int TreeSize(int vocabulary) => (int)BitOperations.RoundUpToPowerOf2((uint)((vocabulary + 63) / 64));
}

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>
/// What event times are made of: an imagined device, so that they are the same in every run and grow with the work. They say
/// nothing about any real GPU.
/// </summary>
internal static class CostModel
{
    /// <summary>Microseconds to launch a graph.</summary>
    public const double GraphLaunch = 2;

    private const double KernelLaunch = 2;
    private const double BytesPerMicrosecond = 1e6;
    private const double WarpInstructionsPerMicrosecond = 1e5;

    /// <summary>Microseconds of a copy.</summary>
    public static double Copy(ulong bytes) => 1 + (bytes / BytesPerMicrosecond);

    /// <summary>Microseconds of a kernel.</summary>
    public static double Kernel(long warpInstructions) => KernelLaunch + (warpInstructions / WarpInstructionsPerMicrosecond);
}

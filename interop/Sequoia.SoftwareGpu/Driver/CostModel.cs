namespace Sequoia.SoftwareGpu.Driver;

/// <summary>
/// The cost model of event times: an imaginary device, so that times are the same in every run and grow with the work. They say nothing about any
/// real GPU.
/// </summary>
internal static class CostModel
{
    /// <summary>The time to launch a graph, in microseconds.</summary>
    public const double GraphLaunch = 2;

    private const double KernelLaunch = 2;
    private const double BytesPerMicrosecond = 1e6;
    private const double WarpInstructionsPerMicrosecond = 1e5;

    /// <summary>The time of a copy, in microseconds.</summary>
    public static double Copy(ulong bytes) => 1 + (bytes / BytesPerMicrosecond);

    /// <summary>The time of a kernel, in microseconds.</summary>
    public static double Kernel(long warpInstructions) => KernelLaunch + (warpInstructions / WarpInstructionsPerMicrosecond);
}

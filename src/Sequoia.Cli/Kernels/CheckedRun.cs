using Sequoia.SoftwareGpu;

namespace Sequoia.Cli.Kernels;

/// <summary>One run under checks.</summary>
/// <param name="Report">What was found and counted.</param>
/// <param name="Fault">What ended it early; null if nothing.</param>
/// <param name="Contents">The buffers afterwards; null after a fault.</param>
internal sealed record CheckedRun(LaunchReport? Report, string? Fault, byte[]?[]? Contents);

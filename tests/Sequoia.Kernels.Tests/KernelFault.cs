namespace Sequoia.Kernels.Tests;

/// <summary>A kernel did something wrong: other bits than the reference, or something that the software GPU's checks found.</summary>
internal sealed class KernelFault(string message) : Exception(message);

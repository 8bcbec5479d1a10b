using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A driver call that fails without harm to its context: its code, and why in one sentence.</summary>
internal sealed class DriverError(CudaResult code, string message) : Exception(message)
{
    public CudaResult Code => code;
}

using Sequoia.Interop;

namespace Sequoia.Cli.Devices;

/// <summary>A device and what the command calls it, such as cuda:0 or software:0.</summary>
internal sealed record NamedDevice(string Name, CudaDevice Device);

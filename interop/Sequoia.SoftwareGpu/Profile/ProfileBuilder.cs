using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Lower;

namespace Sequoia.SoftwareGpu.Profile;

internal static class ProfileBuilder
{
    public static KernelProfile Build(Program program, Launch launch, long[] executions, long[] lanes, Traffic[] traffic) =>
        new() { Kernel = launch.Kernel.Name };
}

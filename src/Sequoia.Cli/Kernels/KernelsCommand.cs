using System.CommandLine;

namespace Sequoia.Cli.Kernels;

/// <summary>sequoia kernels: commands for authors of CUDA kernels.</summary>
internal static class KernelsCommand
{
    public static Command Create(Streams streams) => new("kernels", "Compile, check and time CUDA kernels.")
    {
        ListCommand.Create(streams),
        CompileCommand.Create(streams),
        CheckCommand.Create(streams),
        BenchCommand.Create(streams),
        ResourcesCommand.Create(streams),
    };
}

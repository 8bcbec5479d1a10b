using Sequoia.Interop;

namespace Sequoia.Cli.Kernels;

/// <summary>The kernels of kernels/micro, which are part of this assembly.</summary>
internal static class MicroKernels
{
    public static CompiledKernels Compile(CudaCompiler compiler, string name, string architecture)
    {
        string file = $"micro/{name}.cu";
        using Stream source = typeof(MicroKernels).Assembly.GetManifestResourceStream(file)!;
        using var reader = new StreamReader(source);
        return compiler.Compile(reader.ReadToEnd(), new CompileOptions { Architecture = architecture, FileName = file, Kernels = [name] });
    }
}

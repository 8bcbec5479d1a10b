using System.CommandLine;
using Sequoia.Interop;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>A CUDA source given by the user.</summary>
/// <param name="File">Its name as the user wrote it, for use in messages.</param>
/// <param name="Text">The source.</param>
internal sealed record KernelSource(string File, string Text)
{
    private const string ArgumentName = "FILE.cu";
    private const long MaxBytes = 16 << 20;

    public static Argument<string> Argument() => new(ArgumentName)
    {
        Description = "CUDA C++ source, or - for standard input; headers of the toolkit are not there.",
        CustomParser = result => CheckedOption.ParsePath(result, ArgumentName),
    };

    /// <summary>The argument of a command that, without a source, uses the engine's kernels.</summary>
    public static Argument<string?> OptionalArgument() => new(ArgumentName)
    {
        Description = "CUDA C++ source, or - for standard input, without the toolkit's headers; if left out, the engine's own kernels.",
        CustomParser = result => CheckedOption.ParsePath(result, ArgumentName),
        Arity = ArgumentArity.ZeroOrOne,
    };

    /// <param name="file">The file, or - for the standard input.</param>
    /// <param name="argument">The argument that names it.</param>
    public static KernelSource Load(string file, string argument = ArgumentName) => new(
        file == StandardInput.Name ? "stdin.cu" : file, InputFile.ReadText(file, argument, MaxBytes, "a kernel's source"));

    public static CudaCompiler Compiler()
    {
        try
        {
            return CudaCompiler.Load(cache: KernelCache.Default);
        }
        catch (LibraryNotFoundException e)
        {
            throw new InvalidInputException(e.Message, e);
        }
    }

    /// <param name="compiler">NVRTC.</param>
    /// <param name="architecture">sm_XX or compute_XX.</param>
    /// <param name="launch">Names the kernel to use; null: all kernels with C names.</param>
    /// <param name="streams">Receives warnings.</param>
    public CompiledKernels Compile(CudaCompiler compiler, string architecture, LaunchSpec? launch, Streams streams)
    {
        try
        {
            CompiledKernels compiled = compiler.Compile(Text, new CompileOptions { Architecture = architecture, FileName = File, Kernels = launch is null ? [] : [launch.Kernel] });
            if (!compiled.IsCubin && compiled.Log.Length > 0)
                streams.Notes.WriteLine(compiled.Log.TrimEnd());
            return compiled;
        }
        catch (CompileException e) when (launch is not null && e.Diagnostics.Count > 0 && e.Diagnostics.All(one => one.File == "name expression"))
        {
            throw new InvalidInputException($"{launch.File}: kernel: {File} has no kernel {launch.Kernel}", e);
        }
        catch (CompileException e)
        {
            // All errors are useful, each with its line; the last line is the one that every command ends with.
            streams.Notes.WriteLine(e.Log.TrimEnd());
            throw new InvalidInputException(e.Message, e);
        }
    }
}

namespace Sequoia.Interop;

/// <summary>
/// NVRTC: compiles CUDA C++ to PTX or CUBIN on any machine, with or without a GPU. Thread-safe.
/// </summary>
public sealed unsafe class CudaCompiler
{
    private readonly NvrtcLibrary _library;

    private CudaCompiler(NvrtcLibrary library, KernelCache? cache)
    {
        _library = library;
        Cache = cache;
    }

    /// <summary>NVRTC's version.</summary>
    public Version Version => _library.Version;

    /// <summary>The report of the search for NVRTC.</summary>
    public LibraryReport Library => _library.Report;

    /// <summary>The report of the search for NVRTC's built-in functions. They are a separate library, without which nothing compiles.</summary>
    public LibraryReport Builtins => _library.Builtins;

    /// <summary>The cache for results. If null, results are not cached.</summary>
    public KernelCache? Cache { get; }

    /// <summary>The compute capabilities that NVRTC compiles for, in ascending order, such as 8.0.</summary>
    public IReadOnlyList<Version> Architectures
    {
        get
        {
            int count = 0;
            if (_library.Api.nvrtcGetNumSupportedArchs(&count) != NvrtcResult.Success)
                return [];
            int[] numbers = new int[count];
            fixed (int* first = numbers)
            {
                if (_library.Api.nvrtcGetSupportedArchs(first) != NvrtcResult.Success)
                    return [];
            }
            return [.. numbers.Order().Select(number => new Version(number / 10, number % 10))];
        }
    }

    /// <summary>Loads NVRTC.</summary>
    /// <param name="search">Where to search. If null, the default locations are searched.</param>
    /// <param name="cache">The cache for results. If null, results are not cached.</param>
    /// <exception cref="LibraryNotFoundException">NVRTC is not on this machine.</exception>
    public static CudaCompiler Load(LibrarySearch? search = null, KernelCache? cache = null) => TryLoad(search, cache, out LibraryReport report)
        ?? throw new LibraryNotFoundException(
            report, $"install the CUDA toolkit or the NVRTC package, or set {LibrarySearch.FolderVariable} to the folder that has it");

    /// <summary>Loads NVRTC, or returns null if it is not found.</summary>
    /// <param name="search">Where to search. If null, the default locations are searched.</param>
    /// <param name="cache">The cache for results. If null, results are not cached.</param>
    /// <param name="report">Every path tried and the loader's message for it.</param>
    public static CudaCompiler? TryLoad(LibrarySearch? search, KernelCache? cache, out LibraryReport report) =>
        NvrtcLibrary.TryLoad(search ?? LibrarySearch.Usual(), out report) is { } library ? new(library, cache) : null;

    /// <summary>
    /// Gets the architecture to compile for to use a device: the device's own, or PTX for the newest one that NVRTC supports if the device is
    /// newer.
    /// </summary>
    /// <exception cref="ArgumentException">The device is older than every architecture that NVRTC supports.</exception>
    public string ArchitectureFor(CudaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        IReadOnlyList<Version> known = Architectures;
        if (known.Contains(device.ComputeCapability))
            return device.Architecture;
        Version newest = known.LastOrDefault(version => version < device.ComputeCapability)
            ?? throw new ArgumentException($"NVRTC {Version} does not compile for {device}; an older NVRTC does", nameof(device));
        return $"compute_{newest.Major}{newest.Minor}";
    }

    /// <summary>Compiles a source.</summary>
    /// <exception cref="CompileException">The source does not compile. The exception contains the log.</exception>
    /// <exception cref="LibraryNotFoundException">NVRTC's built-in functions are missing.</exception>
    public CompiledKernels Compile(string source, CompileOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new CompileOptions();
        RefuseZeros(source, options);
        string[] arguments = NvrtcArguments.Of(options);
        if (Cache is not { } cache || NvrtcArguments.ReadsFiles(options))
            return Compile(source, options, arguments);
        string key = KernelCache.Key(source, options, arguments, Version);
        if (cache.TryRead(key, out CompiledKernels? cached))
            return cached;
        CompiledKernels compiled = Compile(source, options, arguments);
        cache.Write(key, compiled);
        return compiled;
    }

    private CompiledKernels Compile(string source, CompileOptions options, string[] arguments)
    {
        using var program = new NvrtcProgram(_library, source, options.FileName, options.Headers);
        foreach (string kernel in options.Kernels)
            program.AddNameExpression(kernel);
        NvrtcResult result = program.Compile(arguments);
        string log = program.Log();
        if (result != NvrtcResult.Success)
            throw Failure(options, program, result, log);
        bool cubin = NvrtcArguments.IsCubin(options);
        var names = options.Kernels.Distinct().ToDictionary(kernel => kernel, program.LoweredName);
        return new(cubin, program.Image(cubin), log, names, fromCache: false);
    }

    private Exception Failure(CompileOptions options, NvrtcProgram program, NvrtcResult result, string log)
    {
        if (result == NvrtcResult.BuiltinOperationFailure && !Builtins.IsFound)
            return new LibraryNotFoundException(Builtins, $"{LibraryNames.NvrtcBuiltins(Version).Files[0]} belongs beside {Library.Path}");
        string words = program.Describe(result);
        return new CompileException(options.FileName, log.Length == 0 ? words : $"{words}: {log.ReplaceLineEndings(" ")}", log);
    }

    // C ends a string at its first zero. The rest would be silently lost.
    private static void RefuseZeros(string source, CompileOptions options)
    {
        if (source.Contains('\0') || options.Headers.Values.Any(text => text.Contains('\0')))
            throw new CompileException(options.FileName, "the source or a header has a zero character in it, which ends a text in C", "");
    }
}

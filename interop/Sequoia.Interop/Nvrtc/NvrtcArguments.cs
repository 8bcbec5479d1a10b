namespace Sequoia.Interop;

/// <summary>Converts the options to NVRTC's syntax.</summary>
internal static class NvrtcArguments
{
    private const string ReportResources = "--ptxas-options=-v";

    public static string[] Of(CompileOptions options)
    {
        List<string> arguments =
        [
            $"--gpu-architecture={options.Architecture}",
            $"--std={options.Standard}",
            .. options.Defines.OrderBy(define => define.Key, StringComparer.Ordinal)
                .Select(define => define.Value is null ? $"--define-macro={define.Key}" : $"--define-macro={define.Key}={define.Value}"),
        ];
        if (options.FastMath)
            arguments.Add("--use_fast_math");
        if (options.LineInfo)
            arguments.Add("--generate-line-info");
        if (options.MaxRegisters is { } registers)
            arguments.Add($"--maxrregcount={registers}");
        if (IsCubin(options))
            arguments.Add(ReportResources);
        arguments.AddRange(options.Extra);
        return [.. arguments];
    }

    public static bool IsCubin(CompileOptions options) => options.Architecture.StartsWith("sm_", StringComparison.Ordinal);

    /// <summary>Whether the source can include files that are unknown here. The same options can then give another result later.</summary>
    public static bool ReadsFiles(CompileOptions options) => options.Extra.Any(option =>
        option.StartsWith("-I", StringComparison.Ordinal)
        || option.StartsWith("--include-path", StringComparison.Ordinal)
        || option.StartsWith("--pre-include", StringComparison.Ordinal)
        || option.StartsWith("-include", StringComparison.Ordinal));
}

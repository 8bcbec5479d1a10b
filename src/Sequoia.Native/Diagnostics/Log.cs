using Microsoft.Extensions.Logging;

namespace Sequoia.Native.Diagnostics;

/// <summary>All messages logged to <see cref="LoadOptions.Logger"/>, in one place. The command recognises some messages by number and adds advice.</summary>
internal static partial class Log
{
    public const int UnknownAcceptance = 4;
    public const int Measured = 5;

    [LoggerMessage(1, LogLevel.Information, "Loaded {Folder} on {Device} in {Seconds:F2} s: {Parameters} parameters")]
    public static partial void Loaded(ILogger logger, string folder, string device, double seconds, long parameters);

    [LoggerMessage(2, LogLevel.Warning, "{Folder}: {Note}")]
    public static partial void Noted(ILogger logger, string folder, string note);

    [LoggerMessage(3, LogLevel.Warning, "The kernels run without vector instructions, though this processor has AVX2: many times slower than they could. Publish ahead of time with IlcInstructionSet x86-64-v3 or native")]
    public static partial void ScalarKernels(ILogger logger);

    [LoggerMessage(UnknownAcceptance, LogLevel.Information, "Speculating with {Policy}, as the acceptance of this pair is unknown: the draft's folder has no acceptance.json")]
    public static partial void Unmeasured(ILogger logger, string policy);

    [LoggerMessage(Measured, LogLevel.Information, "Measuring once what trees cost with this pair on this machine")]
    public static partial void Measuring(ILogger logger);

    [LoggerMessage(6, LogLevel.Information, "Chose a tree of {Nodes} nodes, {Levels} levels: predicted to be {Speedup:F2} times as fast as one token at a time, by costs measured on {Date:yyyy-MM-dd}")]
    public static partial void Chosen(ILogger logger, int nodes, int levels, double speedup, DateTimeOffset date);

    [LoggerMessage(7, LogLevel.Warning, "{File} is ignored and will be written again: {Reason}")]
    public static partial void Ignored(ILogger logger, string file, string reason);

    [LoggerMessage(8, LogLevel.Warning, "{File} cannot be written ({Reason}): other processes will measure again")]
    public static partial void NotKept(ILogger logger, string file, string reason);
}

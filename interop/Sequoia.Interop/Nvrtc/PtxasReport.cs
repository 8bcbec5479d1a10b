using System.Globalization;
using System.Text.RegularExpressions;

namespace Sequoia.Interop;

/// <summary>Reads what ptxas -v writes into the log: a few lines for each kernel, whose order and details vary between versions.</summary>
internal static partial class PtxasReport
{
    public static IReadOnlyList<KernelResources> Parse(string log)
    {
        var kernels = new List<KernelResources>();
        foreach (string line in log.Split('\n'))
        {
            if (!line.StartsWith("ptxas", StringComparison.Ordinal))
                continue;
            if (Entry().Match(line) is { Success: true } entry)
                kernels.Add(new(entry.Groups["name"].Value, entry.Groups["arch"].Value, 0, 0, 0, 0, 0, 0));
            else if (kernels is [.., var last])
                kernels[^1] = Stack().Match(line) is { Success: true } stack ? WithStack(last, stack) : WithUse(last, line);
        }
        return kernels;
    }

    private static KernelResources WithStack(KernelResources kernel, Match stack) => kernel with
    {
        StackBytes = Number(stack, "frame"),
        SpillStoreBytes = Number(stack, "stores"),
        SpillLoadBytes = Number(stack, "loads"),
    };

    private static KernelResources WithUse(KernelResources kernel, string line)
    {
        Match registers = Registers().Match(line);
        if (!registers.Success)
            return kernel;
        return kernel with
        {
            Registers = Number(registers, "count"),
            SharedBytes = Shared().Match(line) is { Success: true } shared ? Number(shared, "bytes") : 0,
            ConstantBytes = Constant().Matches(line).Sum(constant => Number(constant, "bytes")),
        };
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("Compiling entry function '(?<name>[^']+)' for '(?<arch>[^']+)'")]
    private static partial Regex Entry();

    [GeneratedRegex(@"(?<frame>\d+) bytes stack frame, (?<stores>\d+) bytes spill stores, (?<loads>\d+) bytes spill loads")]
    private static partial Regex Stack();

    [GeneratedRegex(@"Used (?<count>\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(?<bytes>\d+) bytes smem")]
    private static partial Regex Shared();

    [GeneratedRegex(@"(?<bytes>\d+) bytes cmem\[\d+\]")]
    private static partial Regex Constant();
}

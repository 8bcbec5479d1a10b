using System.Globalization;
using System.Text.RegularExpressions;

namespace Sequoia.Interop;

/// <summary>Parses the output of ptxas -v in the log: a few lines for each kernel. Their order and details vary between versions.</summary>
internal static partial class PtxasReport
{
    public static IReadOnlyList<KernelResources> Parse(string log)
    {
        var kernels = new List<KernelResources>();
        string about = "";
        foreach (string line in log.Split('\n'))
        {
            if (Entry().Match(line) is { Success: true } entry)
                kernels.Add(new(entry.Groups["name"].Value, entry.Groups["arch"].Value, 0, 0, 0, 0, 0, null));
            else if (Function().Match(line) is { Success: true } function)
                about = function.Groups["name"].Value;
            // Functions that a kernel calls are reported after it, in lines of the same form.
            else if (kernels is [.., var kernel] && kernel.Kernel == about)
                kernels[^1] = Stack().Match(line) is { Success: true } stack ? WithStack(kernel, stack) : WithUse(kernel, line);
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
            ConstantBytes = Constant().Matches(line) is { Count: > 0 } banks ? banks.Sum(bank => Number(bank, "bytes")) : null,
        };
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^ptxas info\s*: Compiling entry function '(?<name>[^']+)' for '(?<arch>[^']+)'")]
    private static partial Regex Entry();

    [GeneratedRegex(@"^ptxas info\s*: Function properties for (?<name>\S+)")]
    private static partial Regex Function();

    [GeneratedRegex(@"(?<frame>\d+) bytes stack frame, (?<stores>\d+) bytes spill stores, (?<loads>\d+) bytes spill loads")]
    private static partial Regex Stack();

    [GeneratedRegex(@"^ptxas info\s*: Used (?<count>\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(?<bytes>\d+) bytes smem")]
    private static partial Regex Shared();

    [GeneratedRegex(@"(?<bytes>\d+) bytes cmem\[\d+\]")]
    private static partial Regex Constant();
}

/// <summary>The resources of one kernel, as ptxas reports them. Sizes in bytes are per thread; shared memory is per block.</summary>
/// <param name="Kernel">The kernel's name in the image.</param>
/// <param name="Architecture">The architecture that the kernel was compiled for, such as sm_80.</param>
/// <param name="Registers">The number of 32-bit registers per thread.</param>
/// <param name="StackBytes">The stack size per thread.</param>
/// <param name="SpillStoreBytes">The bytes of registers spilled to memory.</param>
/// <param name="SpillLoadBytes">The bytes of registers read back from memory.</param>
/// <param name="SharedBytes">The static shared memory.</param>
/// <param name="ConstantBytes">The constant memory, including parameters. Null if ptxas does not report it (sm_90).</param>
public sealed record KernelResources(
    string Kernel, string Architecture, int Registers, int StackBytes, int SpillStoreBytes, int SpillLoadBytes, int SharedBytes, int? ConstantBytes);

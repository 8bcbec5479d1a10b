using System.Globalization;
using System.Text.RegularExpressions;

namespace Sequoia.Interop;

/// <summary>Extracts the messages about source locations from the lines of a log.</summary>
internal static partial class CompileLog
{
    // The compiler checks name expressions in a file that it generates.
    private const string NameExpressions = "__nv_name_map";

    public static IReadOnlyList<CompileDiagnostic> Parse(string log)
    {
        var found = new List<CompileDiagnostic>();
        foreach (Match match in Place().Matches(log))
        {
            string file = match.Groups["file"].Value;
            found.Add(file == NameExpressions
                ? new("name expression", 0, match.Groups["severity"].Value, match.Groups["message"].Value)
                : new(file, int.Parse(match.Groups["line"].Value, CultureInfo.InvariantCulture), match.Groups["severity"].Value, match.Groups["message"].Value));
        }
        foreach (Match match in Tool().Matches(log))
            found.Add(new(match.Groups["tool"].Value, 0, match.Groups["severity"].Value, match.Groups["message"].Value));
        return found;
    }

    // kernel.cu(12): error: identifier "x" is undefined. Warnings have a number, as in warning #1105-D.
    [GeneratedRegex(@"^(?<file>[^\r\n]+)\((?<line>\d{1,9})\): (?<severity>(catastrophic )?error|warning|remark)( #[\w-]+)?: (?<message>[^\r\n]*)", RegexOptions.Multiline)]
    private static partial Regex Place();

    // nvrtc: error: unrecognized option; ptxas fatal   : ...; ptxas application ptx input, line 21; error   : ...
    [GeneratedRegex(@"^(?<tool>nvrtc|ptxas[^:\r\n]*?)[:; ]\s*(?<severity>error|fatal)\s*: (?<message>[^\r\n]*)", RegexOptions.Multiline)]
    private static partial Regex Tool();
}

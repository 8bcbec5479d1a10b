using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Sequoia.Native;

/// <summary>Everything that measured costs depend on. A change of any part requires a new measurement.</summary>
/// <param name="Processor">The processor's name.</param>
/// <param name="Device">The backend with its kernels and threads.</param>
/// <param name="Target">A hash of the target's shapes and types: values do not affect the time.</param>
/// <param name="Draft">The same hash of the draft.</param>
internal sealed record HardwareKey(string Processor, string Device, string Target, string Draft)
{
    // Each is half as fast as the one before.
    private const int SlowerLinks = 12;

    /// <summary>The key of a loaded pair on this machine.</summary>
    public static HardwareKey Of(LanguageModel target, LanguageModel draft) => Of(target, draft, 0);

    /// <summary>All keys whose costs serve a loaded pair, the best first.</summary>
    public static IEnumerable<HardwareKey> ThatServe(LanguageModel target, LanguageModel draft) =>
        Enumerable.Range(0, target.StreamedSeconds > 0 ? SlowerLinks : 1).Select(slower => Of(target, draft, slower));

    private static HardwareKey Of(LanguageModel target, LanguageModel draft, int slower)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(draft);
        string device = target.Device;
        // Costs are of what is computed, but sizes are measured as far as reading hides them, which for a slower link includes those for a faster one.
        if (target.StreamedSeconds > 0)
            device = string.Create(CultureInfo.InvariantCulture, $"{device}, streamed in about {Math.Pow(2, Math.Round(Math.Log2(target.StreamedSeconds)) + slower)} s");
        return new HardwareKey(ProcessorName.Read(), device, target.Fingerprint, draft.Fingerprint);
    }

    /// <summary>Sixteen hexadecimal digits that identify the whole key.</summary>
    internal string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Processor}\n{Device}\n{Target}\n{Draft}")))[..16];
}

/// <summary>The vendor's name for the processor; its architecture if the system does not report the name.</summary>
internal static class ProcessorName
{
    public static string Read()
    {
        const string CpuInfo = "/proc/cpuinfo";
        try
        {
            string? line = File.Exists(CpuInfo) ? File.ReadLines(CpuInfo).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
            if (line is not null)
                return line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // On a locked-down system, use the next best name.
        }
        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}

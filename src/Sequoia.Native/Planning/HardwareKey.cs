using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Sequoia.Native;

/// <summary>What measured costs depend on: measured again where any of it changes.</summary>
/// <param name="Processor">The processor's own name.</param>
/// <param name="Device">The backend with its kernels and threads.</param>
/// <param name="Target">The target's shapes and types, hashed: values do not change a time.</param>
/// <param name="Draft">The draft's, likewise.</param>
internal sealed record HardwareKey(string Processor, string Device, string Target, string Draft)
{
    /// <summary>The key of a loaded pair on this machine.</summary>
    public static HardwareKey Of(LanguageModel target, LanguageModel draft)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(draft);
        return new HardwareKey(ProcessorName.Read(), target.Device, target.Fingerprint, draft.Fingerprint);
    }

    /// <summary>Sixteen hexadecimal digits that stand for the whole key.</summary>
    internal string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Processor}\n{Device}\n{Target}\n{Draft}")))[..16];
}

/// <summary>The processor's name, as its maker calls it; where the system does not tell, its architecture.</summary>
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
            // A locked-down system: the next best names do.
        }
        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}

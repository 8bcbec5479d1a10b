using System.Security.Cryptography;
using System.Text;

namespace Sequoia.Native;

/// <summary>What measured costs depend on: measured again where any of it changes.</summary>
/// <param name="Processor">The processor's own name.</param>
/// <param name="Device">The backend with its kernels and threads.</param>
/// <param name="Target">The target's shapes and types, hashed: values do not change a time.</param>
/// <param name="Draft">The draft's, likewise.</param>
public sealed record HardwareKey(string Processor, string Device, string Target, string Draft)
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

using System.Globalization;

namespace Sequoia.Native;

/// <summary>A device has too little free memory for a model, or for a sequence of the length asked for. What was allocated is freed again.</summary>
public sealed class DeviceMemoryException : InvalidInputException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="device">The device, for people to read.</param>
    /// <param name="what">What was to be placed there.</param>
    /// <param name="needed">The bytes that it takes.</param>
    /// <param name="free">The bytes that were free.</param>
    /// <param name="advice">What would fit, or what to do.</param>
    public DeviceMemoryException(string device, string what, long needed, long free, string advice)
        : base($"device: {device}: {what} needs {Size(needed)}, and {Size(free)} are free; {advice}") =>
        (Needed, Free) = (needed, free);

    /// <summary>The bytes that were needed.</summary>
    public long Needed { get; }

    /// <summary>The bytes that were free.</summary>
    public long Free { get; }

    private static string Size(long bytes) => bytes < 1 << 20
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.###} GB");
}

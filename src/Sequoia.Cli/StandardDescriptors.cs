using System.Globalization;

namespace Sequoia.Cli;

/// <summary>
/// Which of the standard streams the caller opened. If the caller closed one, the runtime's own pipes and files take its number: reading from it then
/// blocks forever, and writing to it disturbs the runtime.
/// </summary>
internal static class StandardDescriptors
{
    public const int Input = 0, Output = 1, Error = 2;

    private const int AccessMask = 3;

    // Without /proc the answer is unknown, and the usual case is assumed.
    public static bool IsOpen(int descriptor)
    {
        if (!Directory.Exists("/proc/self/fd"))
            return true;
        if (Target(descriptor) is not { } target || target.StartsWith("/memfd:", StringComparison.Ordinal) || target.StartsWith("anon_inode:", StringComparison.Ordinal))
            return false;
        // A pipe with both ends in this process belongs to the runtime.
        return !target.StartsWith("pipe:", StringComparison.Ordinal) || !Others(descriptor).Any(other => Target(other) == target && Access(other) != Access(descriptor));
    }

    private static IEnumerable<int> Others(int descriptor) => Directory.GetFileSystemEntries("/proc/self/fd")
        .Select(entry => int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture)).Where(other => other != descriptor);

    private static string? Target(int descriptor)
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }

    // Reading, writing or both; null if it was closed meanwhile.
    private static int? Access(int descriptor)
    {
        try
        {
            string flags = File.ReadLines($"/proc/self/fdinfo/{descriptor}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return Convert.ToInt32(flags["flags:".Length..].Trim(), 8) & AccessMask;
        }
        catch (IOException)
        {
            return null;
        }
    }
}

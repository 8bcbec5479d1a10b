using System.Globalization;
using System.Text.RegularExpressions;

namespace Sequoia.Native.Backends.Streaming;

/// <summary>How many bytes of memory a process may hold.</summary>
internal static partial class MemoryBudget
{
    // What is free now may be wanted by others in a minute.
    public const double ShareOfFree = 0.9;

    /// <summary>Reads a text like 8GB, 512MB, 1.5 TB or 7GiB. Null if it is not one; a number without a unit is not.</summary>
    public static long? Parse(string text)
    {
        Match match = Size().Match(text);
        if (!match.Success || !double.TryParse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            return null;
        int power = 1 + "KMGT".IndexOf(char.ToUpperInvariant(match.Groups["prefix"].Value[0]), StringComparison.Ordinal);
        double bytes = number * Math.Pow(match.Groups["binary"].Length > 0 ? 1024 : 1000, power);
        return bytes is >= 1 and < long.MaxValue / 2 ? (long)bytes : null;
    }

    /// <summary>The bytes for people: 8 GB, 0.25 GB, 512 MB.</summary>
    public static string Text(long bytes) => bytes >= 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.##} GB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.##} MB");

    /// <summary>Most of what is free on this machine, or in this process's control group if that is less.</summary>
    public static long Free()
    {
        long free = Available() ?? (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3);
        foreach (long left in LeftInGroups())
            free = Math.Min(free, left);
        return (long)(Math.Max(0, free) * ShareOfFree);
    }

    /// <summary>What this process holds already and keeps: its heaps, and room for the code that it runs.</summary>
    public static long Held()
    {
        const long Code = 64 << 20;
        const string Heaps = "RssAnon:";
        string? line = Lines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Heaps, StringComparison.Ordinal));
        return Code + (line is null ? GC.GetGCMemoryInfo().HeapSizeBytes : KiloBytes(line[Heaps.Length..]));
    }

    private static long KiloBytes(string text) => (Number(text.Replace("kB", "", StringComparison.Ordinal)) ?? 0) * 1024;

    /// <summary>Whether a model's weights fit, with an eighth more for a draft, caches and activations, which will be wanted too.</summary>
    public static bool HasRoom(long budget, long weights) => weights + (weights / 8) <= budget;

    private static long? Available()
    {
        const string Key = "MemAvailable:";
        string? line = Lines("/proc/meminfo").FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal));
        return line is null ? null : KiloBytes(line[Key.Length..]);
    }

    /// <summary>For every control group that limits this process's memory, the bytes left in it; pages of files that are cached in it count as left.</summary>
    private static IEnumerable<long> LeftInGroups()
    {
        foreach (string line in Lines("/proc/self/cgroup"))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3)
                continue;
            bool second = parts[1].Length == 0;
            if (!second && !parts[1].Split(',').Contains("memory"))
                continue;
            string root = second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory", group = parts[2].Trim('/');
            while (true)
            {
                string folder = Path.Combine(root, group);
                long? most = Number(Lines(Path.Combine(folder, second ? "memory.max" : "memory.limit_in_bytes")).FirstOrDefault());
                long? used = Number(Lines(Path.Combine(folder, second ? "memory.current" : "memory.usage_in_bytes")).FirstOrDefault());
                string key = second ? "inactive_file " : "total_inactive_file ";
                long cached = Number(Lines(Path.Combine(folder, "memory.stat")).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?[key.Length..]) ?? 0;
                if (most is not null && used is not null)
                    yield return most.Value - used.Value + cached;
                if (group.Length == 0)
                    break;
                group = Path.GetDirectoryName(group) ?? "";
            }
        }
    }

    // Version 1 writes a number beyond all memory if there is no limit, version 2 a word.
    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // On a locked-down system the other sources must do.
            return [];
        }
    }

    [GeneratedRegex(@"^\s*(?<number>\d+(\.\d+)?)\s*(?<prefix>[KMGT])(?<binary>i)?B?\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Size();
}

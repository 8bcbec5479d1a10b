using System.Globalization;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>
/// The environment variable with which programs that do not know of the software GPU configure its execution:
/// SEQUOIA_SOFTWARE_GPU=checks=all,counters=on,schedule=random:7,streams=early-copies,numerics=hopper,threads=2,budget=1000000. Findings, counts and the reasons of
/// failed calls are then written to stderr.
/// </summary>
internal static class Settings
{
    public const string Variable = "SEQUOIA_SOFTWARE_GPU";

    /// <summary>Whether the variable is set. If it is, failed calls write their reason to stderr.</summary>
    public static bool IsSet { get; private set; }

    /// <summary>Reads the variable, once.</summary>
    public static void Apply()
    {
        if (IsSet || Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } text)
            return;
        SoftwareDriver.Options = Parse(text);
        IsSet = true;
        SoftwareDriver.Leaked += static left =>
        {
            foreach (DeviceAllocation one in left)
                Console.Error.WriteLine($"Leak: allocation {one.Number} ({one.Bytes} bytes) was not freed before its context ended.");
        };
        SoftwareDriver.Launched += static report =>
        {
            foreach (Finding finding in report.Findings)
                Console.Error.WriteLine(finding);
            if (report.Profile is { } profile)
                Console.Error.WriteLine(profile.ToTable());
        };
    }

    public static LaunchOptions Parse(string text)
    {
        var options = new LaunchOptions();
        foreach (string setting in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = setting.Split('=', 2);
            options = (parts[0], parts.ElementAtOrDefault(1)) switch
            {
                ("checks", "all") => options with { Checks = true },
                ("checks", "off") => options with { Checks = false },
                ("counters", "on") => options with { Counters = true },
                ("counters", "off") => options with { Counters = false },
                ("numerics", "fast") => options with { Numerics = Numerics.Fast },
                ("numerics", "ampere") => options with { Numerics = Numerics.Ampere },
                ("numerics", "hopper") => options with { Numerics = Numerics.Hopper },
                ("schedule", { } schedule) => Scheduled(options, schedule) ?? throw Wrong(setting),
                ("streams", { } order) => Ordered(options, order) ?? throw Wrong(setting),
                ("threads", { } count) when int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads is > 0 and <= 1024 => options with { Threads = threads },
                ("budget", { } count) when long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out long budget) && budget > 0 => options with { InstructionBudget = budget },
                _ => throw Wrong(setting),
            };
        }
        return options;
    }

    private static LaunchOptions? Scheduled(LaunchOptions options, string schedule) => Seeded(schedule) switch
    {
        ("in-order", null) => options with { Schedule = Schedule.InOrder },
        ("random", var seed) => options with { Schedule = Schedule.Random, Seed = seed ?? 1 },
        ("adversarial", var seed) => options with { Schedule = Schedule.Adversarial, Seed = seed ?? 1 },
        _ => null,
    };

    private static LaunchOptions? Ordered(LaunchOptions options, string order) => Seeded(order) switch
    {
        ("as-queued", null) => options with { StreamOrder = StreamOrder.AsQueued },
        ("random", var seed) => options with { StreamOrder = StreamOrder.Random, Seed = seed ?? 1 },
        ("early-copies", null) => options with { StreamOrder = StreamOrder.EarlyCopies },
        ("late-copies", null) => options with { StreamOrder = StreamOrder.LateCopies },
        _ => null,
    };

    /// <summary>Splits a name from the seed behind a colon. The name is null if the seed is not a number.</summary>
    private static (string? Name, ulong? Seed) Seeded(string text)
    {
        string[] parts = text.Split(':', 2);
        if (parts.Length == 1)
            return (text, null);
        return ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? (parts[0], seed) : (null, null);
    }

    private static DriverError Wrong(string setting)
    {
        string message = $"{Variable}: {setting}: is not one of checks=all|off, counters=on|off, numerics=fast|ampere|hopper, schedule=in-order|random:SEED|adversarial:SEED, streams=as-queued|random:SEED|early-copies|late-copies, threads=N, budget=N";
        Console.Error.WriteLine(message);
        return new DriverError(CudaResult.InvalidValue, message);
    }
}

namespace Sequoia.Native;

/// <summary>What <see cref="HardwareMeter"/> measures, and for how long.</summary>
internal sealed record HardwareMeterOptions
{
    /// <summary>Rows of the passes, ascending from 1: tree sizes for the target, inner nodes of a level for the draft.</summary>
    public IReadOnlyList<int> Sizes { get; init; } = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

    /// <summary>
    /// The sizes for a target that is streamed: reading hides what many more tokens compute. Beyond the last one, the time of a pass grows with its rows.
    /// </summary>
    public static IReadOnlyList<int> StreamedSizes { get; } = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    /// <summary>The largest tree for a target that is streamed.</summary>
    public const int MostStreamedRows = 4096;

    /// <summary>The most inner nodes of a level that a draft's pass is measured with; larger trees have levels as narrow.</summary>
    public const int MostLevelRows = 256;

    /// <summary>Committed tokens before the pass, ascending; null: 64, 256 and 1024, within the models' contexts.</summary>
    public IReadOnlyList<int>? Contexts { get; init; }

    /// <summary>
    /// Skips the sizes at which trees of this acceptance no longer gain: those after the first at which even the best tree's tokens per second of
    /// target time fall below three quarters of the maximum so far. Null measures all sizes.
    /// </summary>
    public AcceptanceVector? WorthFor { get; init; }

    /// <summary>How long to keep repeating at one context; every pass runs at least <see cref="FewestRepeats"/> times.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The clock that passes are timed by; null: the system's, by which only devices with times can be measured.</summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>The measurement of <see cref="TreePolicy.Auto"/> while a caller waits.</summary>
    internal static HardwareMeterOptions ForPair(int context, AcceptanceVector acceptance, bool isStreamed)
    {
        var options = new HardwareMeterOptions { Contexts = [context], WorthFor = acceptance, Budget = TimeSpan.FromSeconds(2) };
        return isStreamed ? options with { Sizes = StreamedSizes } : options;
    }

    /// <summary>Seconds from which on a pass is not repeated.</summary>
    public const double LongPass = 0.5;

    /// <summary>The minimum number of repeats, however long they take.</summary>
    public const int FewestRepeats = 3;

    /// <summary>The maximum number of repeats, however quick they are.</summary>
    public const int MostRepeats = 101;
}

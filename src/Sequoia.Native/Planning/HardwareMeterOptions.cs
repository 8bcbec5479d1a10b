namespace Sequoia.Native;

/// <summary>What <see cref="HardwareMeter"/> measures, and for how long.</summary>
internal sealed record HardwareMeterOptions
{
    /// <summary>Rows of the passes, ascending from 1: tree sizes for the target, inner nodes of a level for the draft.</summary>
    public IReadOnlyList<int> Sizes { get; init; } = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];

    /// <summary>Committed tokens before the pass, ascending; null: 64, 256 and 1024, as far as the models' contexts reach.</summary>
    public IReadOnlyList<int>? Contexts { get; init; }

    /// <summary>
    /// Leaves out the sizes at which trees of this acceptance have stopped gaining: those behind the first at which even the best
    /// tree's tokens for the target's time alone fall below three quarters of the most so far. Null measures all sizes.
    /// </summary>
    public AcceptanceVector? WorthFor { get; init; }

    /// <summary>How long to go on repeating at one context; every pass is made at least <see cref="FewestRepeats"/> times.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What <see cref="TreePolicy.Auto"/> measures while somebody waits.</summary>
    internal static HardwareMeterOptions ForPair(int context, AcceptanceVector acceptance) =>
        new() { Contexts = [context], WorthFor = acceptance, Budget = TimeSpan.FromSeconds(2) };

    /// <summary>At least this often, however long it takes.</summary>
    public const int FewestRepeats = 3;

    /// <summary>At most this often, however quick it is.</summary>
    public const int MostRepeats = 101;
}

namespace Sequoia.Training.Training;

/// <summary>The options that <c>train</c> and <c>distill</c> have in common.</summary>
internal sealed record RunOptions(Arguments Arguments)
{
    public double Minutes { get; } = Arguments.Number("minutes", 75);
    public int Steps { get; } = Arguments.Integer("steps", 0);
    public bool Resume { get; } = Arguments.Flag("resume");
    public string Folder { get; } = Arguments.Text("out", "out/training");
    public int Rows { get; } = Arguments.Integer("rows", 4);
    public double MuonRate { get; } = Arguments.Number("muon-rate", 0.008);
    public double Decay { get; } = Arguments.Number("decay", 0.02);
    public int Seed { get; } = Arguments.Integer("seed", 1);
    public double CheckpointMinutes { get; } = Arguments.Number("checkpoint-minutes", 4);
    public double HeldOutMinutes { get; } = Arguments.Number("held-out-minutes", 10);

    /// <summary>The share of the run that is done.</summary>
    public double Progress(long step, double seconds) =>
        Math.Min(1, Steps > 0 ? (double)step / Steps : seconds / (60 * Minutes));
}

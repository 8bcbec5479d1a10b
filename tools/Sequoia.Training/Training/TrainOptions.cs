namespace Sequoia.Training.Training;

/// <summary>The options of <c>train</c>.</summary>
internal sealed record TrainOptions(Arguments Arguments)
{
    public double Minutes { get; } = Arguments.Number("minutes", 75);
    public int Steps { get; } = Arguments.Integer("steps", 0);
    public bool Resume { get; } = Arguments.Flag("resume");
    public string Folder { get; } = Arguments.Text("out", "out/training");
    public int Rows { get; } = Arguments.Integer("rows", 4);
    public int Length { get; } = Arguments.Integer("length", 512);
    public int Layers { get; } = Arguments.Integer("layers", 6);
    public int GrowFfn { get; } = Arguments.Integer("grow-ffn", 0);
    public int DraftLayers { get; } = Arguments.Integer("draft-layers", 2);
    public int DraftFfn { get; } = Arguments.Integer("draft-ffn", 128);
    public double MuonRate { get; } = Arguments.Number("muon-rate", 0.008);
    public double AdamRate { get; } = Arguments.Number("adam-rate", 0.0015);
    public double DraftAdamRate { get; } = Arguments.Number("draft-adam-rate", 0.004);
    public int Threads { get; } = Arguments.Integer("threads", 2);
    public int Seed { get; } = Arguments.Integer("seed", 1);
    public double CheckpointMinutes { get; } = Arguments.Number("checkpoint-minutes", 4);
    public double HeldOutMinutes { get; } = Arguments.Number("held-out-minutes", 10);

    /// <summary>The share of the run that is done.</summary>
    public double Progress(long step, double seconds) =>
        Math.Min(1, Steps > 0 ? (double)step / Steps : seconds / (60 * Minutes));
}

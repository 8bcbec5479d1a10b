using System.Text.Json;
using Sequoia.Training.Corpus;
using Sequoia.Training.Modelling;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary><c>train</c>: the target, on the corpus.</summary>
internal sealed class TrainCommand : TrainingRun
{
    private readonly RunOptions _options;
    private readonly double _adamRate;
    private readonly TokenStore _store;
    private readonly BatchSampler _sampler;

    private TrainCommand(RunOptions options, LlamaShape shape, double dropout, double adamRate)
        : base(options, "target", shape, dropout)
    {
        (_options, _adamRate) = (options, adamRate);
        _store = TokenStore.Open(options.Folder);
        BatchSamplerState? state = SavedSampler is { } saved ? JsonSerializer.Deserialize<BatchSamplerState>(saved) : null;
        _sampler = new BatchSampler(_store, LlamaShape.Positions + 1, (ulong)options.Seed, state);
    }

    public static int Run(Arguments arguments)
    {
        var options = new RunOptions(arguments);
        LlamaShape shape = LlamaShape.Target(arguments.Integer("layers", 8), arguments.Integer("ffn", 1472));
        double dropout = arguments.Number("dropout", 0), adamRate = arguments.Number("adam-rate", 0.0015);
        ComputeDevice.Use(arguments);
        arguments.RejectUnknown();
        new TrainCommand(options, shape, dropout, adamRate).Loop();
        return 0;
    }

    protected override object Sampler => _sampler.State;

    protected override StepResult Step(double progress, bool report)
    {
        using DisposeScope scope = NewDisposeScope();
        int length = LlamaShape.Positions + 1;
        long[] batch = new long[_options.Rows * length];
        _sampler.Next(batch);
        Tensor ids = tensor(batch).reshape(_options.Rows, length);
        Tensor input = ids.narrow(1, 0, length - 1).contiguous(), next = ids.narrow(1, 1, length - 1).flatten();
        Tensor loss = Losses.Text(Learner.Model.Forward(input).flatten(0, 1), next);
        loss.backward();
        double rate = Schedule.Rate(progress);
        Learner.Step(_options.MuonRate * rate, _adamRate * rate);
        return new StepResult(next.numel(), "loss", report ? loss.item<float>() : 0);
    }

    protected override SortedDictionary<string, double> MeasureHeldOut() => HeldOut.Losses(_store, Learner.Model, documents: 40);
}

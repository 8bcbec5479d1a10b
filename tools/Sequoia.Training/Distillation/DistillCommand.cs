using System.Text.Json;
using Sequoia.Training.Modelling;
using Sequoia.Training.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Distillation;

/// <summary><c>distill</c>: the draft learns the exported target's distribution on the text that the target told.</summary>
internal sealed class DistillCommand : TrainingRun
{
    // Never trained on; the last rows that were told.
    private const int HeldOutRows = 64;

    private readonly RunOptions _options;
    private readonly double _adamRate;
    private readonly Llama _target;
    private readonly ToldText _text;
    private readonly ToldSampler _sampler;

    private DistillCommand(RunOptions options, LlamaShape shape, double adamRate, Llama target)
        : base(options, "draft", shape, dropout: 0)
    {
        (_options, _adamRate, _target) = (options, adamRate, target);
        _text = ToldText.Open(options.Folder);
        if (_text.Rows <= HeldOutRows) throw new UsageException($"{_text.Rows} told rows are too few: `tell` at least {2 * HeldOutRows}.");
        ToldSamplerState? state = SavedSampler is { } saved ? JsonSerializer.Deserialize<ToldSamplerState>(saved) : null;
        _sampler = new ToldSampler(_text, _text.Rows - HeldOutRows, (ulong)options.Seed, state);
    }

    public static int Run(Arguments arguments)
    {
        var options = new RunOptions(arguments);
        string models = arguments.Text("models", "models");
        LlamaShape shape = LlamaShape.Draft(
            arguments.Integer("dim", 96), arguments.Integer("layers", 2), arguments.Integer("ffn", 384));
        double adamRate = arguments.Number("adam-rate", 0.004);
        ComputeDevice.Use(arguments);
        arguments.RejectUnknown();
        Llama target = ModelFolder.Read(Path.Combine(models, "target"));
        if (shape.ParameterCount * 10 > target.Shape.ParameterCount)
            throw new UsageException($"A draft of {shape.ParameterCount} parameters is more than a tenth of the target's {target.Shape.ParameterCount}.");
        new DistillCommand(options, shape, adamRate, target).Loop();
        return 0;
    }

    protected override object Sampler => _sampler.State;

    protected override StepResult Step(double progress, bool report)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] batch = new long[_options.Rows * ToldText.RowLength];
        _sampler.Next(batch);
        Tensor input = tensor(batch).reshape(_options.Rows, ToldText.RowLength).narrow(1, 0, ToldText.RowLength - 1).contiguous();
        Tensor teacher;
        using (no_grad()) teacher = _target.Forward(input).flatten(0, 1);
        Tensor logits = Learner.Model.Forward(input).flatten(0, 1);
        double acceptance = 0;
        using (no_grad())
        {
            logits.backward([Losses.DraftGradient(
                logits.detach(), teacher, Schedule.DistillTemperature(progress), Schedule.AcceptanceShare(progress))]);
            if (report) acceptance = Losses.Acceptance(logits, teacher, 0.6).mean().item<float>();
        }

        double rate = Schedule.Rate(progress);
        Learner.Step(_options.MuonRate * rate, _adamRate * rate);
        return new StepResult(input.numel(), "acceptance", acceptance);
    }

    protected override SortedDictionary<string, double> MeasureHeldOut()
    {
        using DisposeScope scope = NewDisposeScope();
        double sum = 0;
        for (int row = 0; row < HeldOutRows; row++)
        {
            using DisposeScope inner = NewDisposeScope();
            long[] ids = new long[ToldText.RowLength];
            _text.CopyRow(_text.Rows - HeldOutRows + row, ids);
            Tensor input = tensor(ids[..^1]).unsqueeze(0);
            sum += Losses.Acceptance(Learner.Model.Forward(input)[0], _target.Forward(input)[0], 0.6).mean().item<float>();
        }

        return new SortedDictionary<string, double> { ["told"] = sum / HeldOutRows };
    }
}

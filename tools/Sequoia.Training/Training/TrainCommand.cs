using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sequoia.Training.Corpus;
using Sequoia.Training.Modelling;
using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary><c>train</c>: target and draft in one loop, each step on one batch.</summary>
internal sealed class TrainCommand
{
    private readonly TrainOptions _options;
    private readonly TokenStore _store;
    private readonly BatchSampler _sampler;
    private readonly Learner _target;
    private readonly Learner _draft;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly double _secondsBefore;
    private long _step;
    private long _tokens;
    private volatile bool _stop;

    private TrainCommand(TrainOptions options)
    {
        _options = options;
        _store = TokenStore.Open(options.Folder);
        random.manual_seed(options.Seed);
        Checkpoint? checkpoint = null;
        LlamaShape target = LlamaShape.Target(options.Layers), draft = LlamaShape.Draft(options.DraftLayers, options.DraftFfn);
        Dictionary<string, Tensor> state = [];
        if (options.Resume)
        {
            (checkpoint, state) = Checkpoint.Read(options.Folder);
            (target, draft) = (checkpoint.Target, checkpoint.Draft);
            if (options.GrowFfn > target.Ffn) target = target with { Ffn = options.GrowFfn };
            (_step, _tokens, _secondsBefore) = (checkpoint.Step, checkpoint.Tokens, checkpoint.Seconds);
        }

        _target = new Learner(Llama.Initialize(target));
        _draft = new Learner(Llama.Initialize(draft));
        _sampler = new BatchSampler(_store, options.Length + 1, (ulong)options.Seed, checkpoint?.Sampler);
        if (checkpoint == null) return;
        using (no_grad())
        {
            foreach ((string name, Tensor value) in State()) Growth.Restore(name, value, state[name]);
        }
    }

    public static int Run(Arguments arguments)
    {
        var options = new TrainOptions(arguments);
        arguments.RejectUnknown();
        if (options.Length > LlamaShape.Positions) throw new UsageException($"--length is at most {LlamaShape.Positions}.");
        set_num_threads(options.Threads);
        var command = new TrainCommand(options);
        // A first Ctrl-C (or a polite kill) ends the run after the step it is in, with a checkpoint.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, command.Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, command.Stop);
        command.Loop();
        return 0;
    }

    private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _stop = true;
    }

    private IEnumerable<(string Name, Tensor Value)> State() =>
        _target.State(Checkpoint.TargetPrefix).Concat(_draft.State(Checkpoint.DraftPrefix));

    private void Loop()
    {
        LlamaShape target = _target.Model.Shape, draft = _draft.Model.Shape;
        Console.WriteLine($"target {target.ParameterCount} parameters: {target}");
        Console.WriteLine($"draft  {draft.ParameterCount} parameters: {draft}");
        double saved = Seconds, measured = Seconds, started = Seconds;
        long tokensAtStart = _tokens, stepAtStart = _step;
        while (!_stop && _options.Progress(_step, Seconds) is var progress && progress < 1)
        {
            StepResult result = Step(progress);
            _step++;
            if (_step % 10 == 0)
            {
                double rate = (_tokens - tokensAtStart) / (Seconds - started);
                double left = _options.Steps > 0
                    ? (Seconds - started) / (_step - stepAtStart) * (_options.Steps - _step) / 60
                    : _options.Minutes - Seconds / 60;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"step {_step,5}  {_tokens / 1e6:F2} M tokens  target {result.Target:F3}  draft {result.Draft:F3}  agree {result.Agreement:F3}  {rate:F0} tokens/s  {left:F1} min left"));
                Log(new { step = _step, tokens = _tokens, seconds = Math.Round(Seconds, 1), target = result.Target, draft = result.Draft, agreement = result.Agreement });
            }

            if (Seconds - saved > 60 * _options.CheckpointMinutes)
            {
                Save();
                saved = Seconds;
            }

            if (Seconds - measured > 60 * _options.HeldOutMinutes)
            {
                MeasureHeldOut();
                measured = Seconds;
            }
        }

        Save();
        if (!_stop) MeasureHeldOut();
        Console.WriteLine(_stop ? "Stopped; --resume goes on from here." : "Done.");
    }

    private StepResult Step(double progress)
    {
        using DisposeScope scope = NewDisposeScope();
        int length = _options.Length + 1;
        long[] batch = new long[_options.Rows * length];
        _sampler.Next(batch);
        Tensor ids = tensor(batch).reshape(_options.Rows, length);
        Tensor input = ids.narrow(1, 0, length - 1).contiguous(), next = ids.narrow(1, 1, length - 1).flatten();

        Tensor targetLogits = _target.Model.Forward(input).flatten(0, 1);
        Tensor targetLoss = Losses.Text(targetLogits, next);
        targetLoss.backward();

        Tensor teacher = targetLogits.detach();
        Tensor draftLogits = _draft.Model.Forward(input).flatten(0, 1);
        using (no_grad())
        {
            Tensor gradient = Losses.DraftGradient(
                draftLogits.detach(), teacher, next, Schedule.DistillTemperature(progress), Schedule.DraftTextShare(progress));
            draftLogits.backward([gradient]);
        }

        double rate = Schedule.Rate(progress);
        _target.Step(_options.MuonRate * rate, _options.AdamRate * rate);
        _draft.Step(_options.MuonRate * rate, _options.DraftAdamRate * rate);
        _tokens += next.numel();
        double draftLoss = 0, agreement = 0;
        if (_step % 10 == 9)
        {
            using IDisposable inference = no_grad();
            draftLoss = Losses.Text(draftLogits, next).item<float>();
            agreement = Losses.Acceptance(draftLogits, teacher, 0.6).mean().item<float>();
        }

        return new StepResult(targetLoss.item<float>(), draftLoss, agreement);
    }

    private void Save() =>
        new Checkpoint(_target.Model.Shape, _draft.Model.Shape, _step, _tokens, Seconds, _sampler.State).Write(_options.Folder, State());

    private void MeasureHeldOut()
    {
        SortedDictionary<string, HeldOutLoss> losses = HeldOut.Measure(_store, _target.Model, _draft.Model, documents: 16);
        foreach ((string source, HeldOutLoss loss) in losses)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  held out {source,-20} target {loss.Target:F3}  draft {loss.Draft:F3}  agree {loss.AcceptanceAt06:F3}"));
        Log(new { step = _step, tokens = _tokens, heldOut = losses });
    }

    private void Log(object entry) =>
        File.AppendAllText(Path.Combine(_options.Folder, "log.jsonl"), JsonSerializer.Serialize(entry) + "\n");

    private readonly record struct StepResult(double Target, double Draft, double Agreement);
}

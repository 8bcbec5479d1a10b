using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Sequoia.Training.Modelling;
using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary>
/// The loop around one model's steps: progress, log, checkpoints, held-out measurements, and a stop that loses nothing.
/// </summary>
internal abstract class TrainingRun
{
    private readonly RunOptions _options;
    private readonly string _name;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly double _secondsBefore;
    private long _step;
    private long _tokens;
    private volatile bool _stop;

    // The name is the model's, and that of its checkpoint and log. The shape is a new model's; a resumed run has its own.
    protected TrainingRun(RunOptions options, string name, LlamaShape shape, double dropout)
    {
        (_options, _name) = (options, name);
        random.manual_seed(options.Seed);
        if (!options.Resume)
        {
            Learner = new Learner(Llama.Initialize(shape, dropout), options.Decay);
            return;
        }

        (Checkpoint checkpoint, Dictionary<string, Tensor> state) = Checkpoint.Read(Checkpoint.PathIn(options.Folder, name));
        (_step, _tokens, _secondsBefore, SavedSampler) = (checkpoint.Step, checkpoint.Tokens, checkpoint.Seconds, checkpoint.Sampler);
        Learner = new Learner(Llama.Initialize(checkpoint.Shape, dropout), options.Decay);
        using (no_grad())
        {
            foreach ((string key, Tensor value) in Learner.State()) value.copy_(state[key]);
        }
    }

    protected Learner Learner { get; }

    /// <summary>Where the sampler of a resumed run stood, as JSON.</summary>
    protected string? SavedSampler { get; }

    protected abstract object Sampler { get; }

    /// <summary>One step on one batch. Its figures are wanted only where <paramref name="report"/> is set: reading them takes time.</summary>
    protected abstract StepResult Step(double progress, bool report);

    /// <summary>Named means over held-out text.</summary>
    protected abstract SortedDictionary<string, double> MeasureHeldOut();

    private double Seconds => _secondsBefore + _clock.Elapsed.TotalSeconds;

    public void Loop()
    {
        // A first Ctrl-C (or a polite kill) ends the run after the step it is in, with a checkpoint.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        LlamaShape shape = Learner.Model.Shape;
        Console.WriteLine($"{_name}: {shape.ParameterCount} parameters, {shape}");
        double saved = Seconds, measured = Seconds, started = Seconds;
        long tokensAtStart = _tokens, stepAtStart = _step;
        while (!_stop && _options.Progress(_step, Seconds) is var progress && progress < 1)
        {
            bool report = _step % 10 == 9;
            StepResult result = Step(progress, report);
            _step++;
            _tokens += result.Tokens;
            if (report)
            {
                double rate = (_tokens - tokensAtStart) / (Seconds - started);
                double left = _options.Steps > 0
                    ? (Seconds - started) / (_step - stepAtStart) * (_options.Steps - _step) / 60
                    : _options.Minutes - Seconds / 60;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"step {_step,5}  {_tokens / 1e6:F2} M tokens  {result.What} {result.Value:F3}  {rate:F0} tokens/s  {left:F1} min left"));
                Log(new { step = _step, tokens = _tokens, seconds = Math.Round(Seconds, 1), value = result.Value });
            }

            if (Seconds - saved > 60 * _options.CheckpointMinutes)
            {
                Save();
                saved = Seconds;
            }

            if (Seconds - measured > 60 * _options.HeldOutMinutes)
            {
                ReportHeldOut();
                measured = Seconds;
            }
        }

        Save();
        ReportHeldOut();
        Console.WriteLine(_stop ? "Stopped; --resume goes on from here." : "Done.");
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        _stop = true;
    }

    private void Save() =>
        new Checkpoint(Learner.Model.Shape, _step, _tokens, Seconds, JsonSerializer.Serialize(Sampler))
            .Write(Checkpoint.PathIn(_options.Folder, _name), Learner.State());

    private void ReportHeldOut()
    {
        SortedDictionary<string, double> means;
        using (no_grad()) means = MeasureHeldOut();
        foreach ((string source, double mean) in means)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  held out {source,-20} {mean:F4}"));
        Log(new { step = _step, tokens = _tokens, heldOut = means });
    }

    private void Log(object entry) =>
        File.AppendAllText(Path.Combine(_options.Folder, _name + ".log.jsonl"), JsonSerializer.Serialize(entry) + "\n");

    /// <summary>A step's tokens, and one figure by name.</summary>
    protected readonly record struct StepResult(long Tokens, string What, double Value);
}

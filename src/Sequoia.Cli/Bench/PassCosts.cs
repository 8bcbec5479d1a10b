using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cpu;
using Sequoia.Native.Models;

namespace Sequoia.Cli.Bench;

/// <summary>The bytes that an operation has to move at least, and its floating-point operations.</summary>
internal readonly record struct OperationCost(double Bytes, double Flops)
{
    public static OperationCost operator +(OperationCost one, OperationCost other) => new(one.Bytes + other.Bytes, one.Flops + other.Flops);

    public static OperationCost operator *(double times, OperationCost cost) => new(times * cost.Bytes, times * cost.Flops);
}

/// <summary>
/// The floors of a pass: weights and cached keys and values once, each operation's rows in and out once, in the types in which the device keeps them.
/// </summary>
internal sealed class PassCosts
{
    private const int Accumulator = sizeof(float);

    private readonly Llama _model;
    private readonly LlamaConfig _config;
    private readonly bool _isHost;

    public PassCosts(Llama model) => (_model, _config, _isHost) = (model, model.Config, model.Backend is CpuBackend);

    // Matmul operands, keys and values.
    private int Operand => _isHost ? sizeof(float) : sizeof(ushort);

    private double RowOfKeysAndValues => 2.0 * _config.KvHeads * _config.HeadDim * Operand;

    private double QuerySize => _config.Heads * _config.HeadDim;

    /// <summary>One run of an operation, in one layer if layers have it, for this many rows behind a prefix.</summary>
    public OperationCost Of(PassOperation operation, int rows, int context)
    {
        double hidden = _config.HiddenSize;
        LlamaLayer layer = _model.Layers.Layer(NoQueue, 0);
        return operation switch
        {
            PassOperation.Embed => new(rows * hidden * (ElementOf(_model.Embedding) + Accumulator + Operand), 0),
            PassOperation.Qkv => Product(layer.Qkv, rows, (QuerySize * Operand) + RowOfKeysAndValues),
            PassOperation.Attend => new(
                ((context + rows) * RowOfKeysAndValues) + (rows * QuerySize * 2 * Operand), 4.0 * rows * (context + 1) * QuerySize),
            PassOperation.O => Product(layer.O, rows, ((2 * Accumulator) + Operand) * hidden),
            PassOperation.GateUp => Product(layer.GateUp, rows, _config.IntermediateSize * (double)Operand),
            PassOperation.Down => Product(layer.Down, rows, ((2 * Accumulator) + Operand) * hidden),
            PassOperation.Head => Product(_model.Head, rows, Accumulator * (double)_config.VocabularySize),
            _ => throw new ArgumentOutOfRangeException(nameof(operation)),
        };
    }

    /// <summary>Reading this many rows of logits.</summary>
    public OperationCost OfLogits(int rows) => new((double)rows * _config.VocabularySize * Accumulator, 0);

    /// <summary>Moving this many rows of the cache, in all layers.</summary>
    public OperationCost OfMoving(int rows) => new(2.0 * rows * RowOfKeysAndValues * _model.Layers.Count, 0);

    private static WorkQueue NoQueue { get; } = new();

    private OperationCost Product(Matrix weight, int rows, double outputBytes) =>
        new(((double)weight.Rows * weight.Columns * ElementOf(weight)) + (rows * ((double)weight.Columns * Operand + outputBytes)), 2.0 * rows * weight.Rows * weight.Columns);

    private int ElementOf(Matrix weight) => weight is CpuMatrix host ? host.Type.Size() : Operand;
}

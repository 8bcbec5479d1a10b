using static TorchSharp.torch;

namespace Sequoia.Training.Training;

/// <summary>
/// Restores a run into a target whose feed-forward layers have become wider, without changing what it says: new
/// hidden units keep their random input weights, and their output weights are zero until they have learnt something.
/// </summary>
internal static class Growth
{
    public static void Restore(string name, Tensor value, Tensor saved)
    {
        (long rows, long columns) = (saved.shape[0], saved.shape.Length > 1 ? saved.shape[1] : 0);
        bool wider = columns > 0 && value.shape[1] > columns, taller = value.shape[0] > rows;
        // Output weights and all optimizer state of new units begin at zero.
        if (wider || (taller && name.EndsWith(".momentum", StringComparison.Ordinal))) value.zero_();
        Tensor part = value.narrow(0, 0, rows);
        (columns > 0 ? part.narrow(1, 0, columns) : part).copy_(saved);
    }
}

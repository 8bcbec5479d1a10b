namespace Sequoia.SoftwareGpu.Driver;

/// <summary>One piece of a stream's work: decided when it is queued, done when somebody waits for it.</summary>
internal abstract class Work
{
    /// <summary>Does it.</summary>
    /// <returns>How long it takes by the cost model, in microseconds.</returns>
    public abstract double Run(Context context);

    /// <summary>Whether an instantiated graph may have this in place of other work.</summary>
    public abstract bool CanReplace(Work other);
}

/// <summary>A copy between two places, each on the device or pinned; reads its source when it runs.</summary>
internal sealed class CopyWork(ulong to, ulong from, ulong bytes) : Work
{
    public override double Run(Context context)
    {
        context.Gpu.Memory.Copy(to, from, bytes);
        return CostModel.Copy(bytes);
    }

    public override bool CanReplace(Work other) => other is CopyWork;
}

/// <summary>Fills memory with one value of 1, 2 or 4 bytes.</summary>
internal sealed class FillWork(ulong to, uint value, int width, ulong count) : Work
{
    public override double Run(Context context)
    {
        context.Gpu.Memory.Fill(to, value, width, count);
        return CostModel.Copy(count * (ulong)width);
    }

    public override bool CanReplace(Work other) => other is FillWork;
}

/// <summary>A copy from pageable host memory, whose bytes were taken when the call was made, as a driver stages them.</summary>
internal sealed class UploadWork(ulong to, byte[] staged) : Work
{
    public override double Run(Context context)
    {
        context.Gpu.Memory.Write(to, staged);
        return CostModel.Copy((ulong)staged.Length);
    }

    public override bool CanReplace(Work other) => other is UploadWork;
}

/// <summary>A kernel launch, with its parameters as they were when the call was made.</summary>
internal sealed class LaunchWork(Function function, Dim grid, Dim block, uint sharedBytes, byte[] parameters) : Work
{
    public override double Run(Context context) => context.Launch(function, grid, block, sharedBytes, parameters);

    // As on a GPU, another kernel may take a node's place.
    public override bool CanReplace(Work other) => other is LaunchWork;
}

/// <summary>Marks an event as having happened.</summary>
internal sealed class RecordWork(GpuEvent recorded, GpuStream stream, long generation) : Work
{
    public override double Run(Context context)
    {
        recorded.Happen(generation, stream.Clock);
        return 0;
    }

    public override bool CanReplace(Work other) => other is RecordWork;
}

/// <summary>Lets another stream come up to where an event was recorded when the wait was queued.</summary>
internal sealed class WaitWork(GpuStream waiting, GpuStream recording, long ticket) : Work
{
    public override double Run(Context context)
    {
        recording.RunUpTo(ticket);
        waiting.Clock = Math.Max(waiting.Clock, recording.Clock);
        return 0;
    }

    public override bool CanReplace(Work other) => other is WaitWork;
}

/// <summary>One launch of an instantiated graph, as it was when launched.</summary>
internal sealed class GraphWork(GpuGraphNode[] nodes) : Work
{
    public override double Run(Context context)
    {
        double microseconds = CostModel.GraphLaunch;
        // Nodes stand in an order in which each comes behind those it depends on.
        foreach (GpuGraphNode node in nodes)
            microseconds += node.Work.Run(context);
        return microseconds;
    }

    public override bool CanReplace(Work other) => other is GraphWork;
}

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>An item of work in a stream. It is decided when it is queued and runs when a caller waits for it.</summary>
internal abstract class Work
{
    /// <summary>Runs the work.</summary>
    /// <returns>The time it takes according to the cost model, in microseconds.</returns>
    public abstract double Run(Context context);

    /// <summary>Whether this work can replace other work in an instantiated graph.</summary>
    public abstract bool CanReplace(Work other);
}

/// <summary>A copy between two locations, each on the device or pinned. It reads its source when it runs.</summary>
internal sealed class CopyWork(ulong to, ulong from, ulong bytes) : Work
{
    public override double Run(Context context)
    {
        context.Gpu.Memory.EndOverlap();
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
        context.Gpu.Memory.EndOverlap();
        context.Gpu.Memory.Fill(to, value, width, count);
        return CostModel.Copy(count * (ulong)width);
    }

    public override bool CanReplace(Work other) => other is FillWork;
}

/// <summary>A copy from pageable host memory. Its bytes are captured during the call, as a driver stages them.</summary>
internal sealed class UploadWork(ulong to, byte[] staged) : Work
{
    public override double Run(Context context)
    {
        context.Gpu.Memory.EndOverlap();
        context.Gpu.Memory.Write(to, staged);
        return CostModel.Copy((ulong)staged.Length);
    }

    public override bool CanReplace(Work other) => other is UploadWork;
}

/// <summary>
/// A kernel launch. Its parameters are captured during the call. A dependent one may start before the kernel before it has ended; it runs behind it all
/// the same, and its accesses are checked.
/// </summary>
internal sealed class LaunchWork(Function function, Dim grid, Dim block, uint sharedBytes, byte[] parameters, bool isDependent) : Work
{
    public override double Run(Context context) => context.Launch(function, grid, block, sharedBytes, parameters, isDependent);

    // As on a GPU, another kernel can replace a node.
    public override bool CanReplace(Work other) => other is LaunchWork;
}

/// <summary>Marks an event as completed.</summary>
internal sealed class RecordWork(GpuEvent recorded, GpuStream stream, long generation) : Work
{
    public override double Run(Context context)
    {
        recorded.Happen(generation, stream.Clock);
        return 0;
    }

    public override bool CanReplace(Work other) => other is RecordWork;
}

/// <summary>Runs another stream up to the point where an event was recorded when the wait was queued.</summary>
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

/// <summary>A launch of an instantiated graph, in its state at the launch.</summary>
internal sealed class GraphWork(GpuGraphNode[] nodes) : Work
{
    public override double Run(Context context)
    {
        double microseconds = CostModel.GraphLaunch;
        // Nodes are ordered so that each follows the nodes it depends on.
        foreach (GpuGraphNode node in nodes)
            microseconds += node.Work.Run(context);
        return microseconds;
    }

    public override bool CanReplace(Work other) => other is GraphWork;
}

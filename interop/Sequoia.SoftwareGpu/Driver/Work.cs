namespace Sequoia.SoftwareGpu.Driver;

/// <summary>An item of work in a stream. It is decided when it is queued and runs when a caller waits for it.</summary>
internal abstract class Work
{
    /// <summary>Whether this copies memory, as a device does beside its kernels.</summary>
    public virtual bool IsCopy => false;

    /// <summary>Runs the work.</summary>
    /// <returns>The time it takes according to the cost model, in microseconds.</returns>
    public abstract double Run(Context context, Place place);

    /// <summary>Whether this work can replace other work in an instantiated graph.</summary>
    public abstract bool CanReplace(Work other);
}

/// <summary>A copy between two locations, each on the device or pinned. It reads its source when it runs.</summary>
internal sealed class CopyWork(Extent extent, Side to, Side from) : Work
{
    public override bool IsCopy => true;

    public override double Run(Context context, Place place)
    {
        place.Chain.End();
        foreach ((ulong target, ulong source) in extent.Rows(to, from))
            context.Gpu.Memory.Copy(target, source, extent.Width);
        context.Gpu.Check(place, "copy", extent, to, from);
        return CostModel.Copy(extent.Bytes);
    }

    public override bool CanReplace(Work other) => other is CopyWork;
}

/// <summary>Fills memory with one value of 1, 2 or 4 bytes.</summary>
internal sealed class FillWork(ulong to, uint value, int width, ulong count) : Work
{
    public override double Run(Context context, Place place)
    {
        ulong bytes = count * (ulong)width;
        place.Chain.End();
        context.Gpu.Memory.Fill(to, value, width, count);
        context.Gpu.Check(place, "fill", new Extent(bytes), new Side(to), from: null);
        return CostModel.Copy(bytes);
    }

    public override bool CanReplace(Work other) => other is FillWork;
}

/// <summary>A copy from pageable host memory. Its bytes are captured during the call, as a driver stages them.</summary>
internal sealed class UploadWork(Extent extent, Side to, byte[] staged) : Work
{
    public override bool IsCopy => true;

    public override double Run(Context context, Place place)
    {
        place.Chain.End();
        int at = 0;
        foreach ((ulong target, _) in extent.Rows(to, to))
        {
            context.Gpu.Memory.Write(target, staged.AsSpan(at, (int)extent.Width));
            at += (int)extent.Width;
        }
        context.Gpu.Check(place, "copy from pageable memory", extent, to, from: null);
        return CostModel.Copy(extent.Bytes);
    }

    public override bool CanReplace(Work other) => other is UploadWork;
}

/// <summary>A captured copy from pageable host memory. Nobody can stage it before the graph runs, so each launch reads the memory anew.</summary>
internal sealed unsafe class PageableWork(Extent extent, Side to, Side from) : Work
{
    private const ulong MostBytes = 1 << 30;

    public override bool IsCopy => true;

    public override double Run(Context context, Place place)
    {
        place.Chain.End();
        foreach ((ulong target, ulong source) in extent.Rows(to, from))
        {
            for (ulong at = 0; at < extent.Width; at += MostBytes)
                context.Gpu.Memory.Write(target + at, new ReadOnlySpan<byte>((void*)(source + at), (int)Math.Min(extent.Width - at, MostBytes)));
        }
        context.Gpu.Check(place, "copy from pageable memory", extent, to, from: null);
        return CostModel.Copy(extent.Bytes);
    }

    public override bool CanReplace(Work other) => other is PageableWork;
}

/// <summary>
/// A kernel launch. Its parameters are captured during the call. A dependent one may start before the kernel before it has ended; it runs behind it all
/// the same, and its accesses are checked.
/// </summary>
internal sealed class LaunchWork(Function function, Dim grid, Dim block, uint sharedBytes, byte[] parameters, bool isDependent) : Work
{
    public override double Run(Context context, Place place) => context.Gpu.Launch(place, function, grid, block, sharedBytes, parameters, isDependent);

    // As on a GPU, another kernel can replace a node.
    public override bool CanReplace(Work other) => other is LaunchWork;
}

/// <summary>Marks an event as completed.</summary>
internal sealed class RecordWork(GpuEvent recorded, GpuStream stream, long generation) : Work
{
    public override double Run(Context context, Place place)
    {
        recorded.Happen(generation, stream.Clock);
        return 0;
    }

    public override bool CanReplace(Work other) => other is RecordWork;
}

/// <summary>Runs another stream up to the point where an event was recorded when the wait was queued.</summary>
internal sealed class WaitWork(GpuStream waiting, Point awaited) : Work
{
    public Point Awaited => awaited;

    public override double Run(Context context, Place place)
    {
        awaited.Stream.RunUpTo(awaited.Ticket);
        waiting.Clock = Math.Max(waiting.Clock, awaited.Stream.Clock);
        return 0;
    }

    public override bool CanReplace(Work other) => other is WaitWork;
}

/// <summary>A launch of an instantiated graph, in its state at the launch. Other streams' work runs before or after it, not in between.</summary>
internal sealed class GraphWork(GraphShape shape, ulong number) : Work
{
    public override double Run(Context context, Place place)
    {
        double microseconds = CostModel.GraphLaunch;
        place.Chain.End();
        var run = new GraphRun(shape, place);
        LaunchOptions options = SoftwareDriver.Options;
        foreach (GpuGraphNode node in shape.InOrder(options.StreamOrder, options.Seed ^ (number << 32)))
            microseconds += node.Work.Run(context, new Place(place.Stamp, run.ChainOf(node), run, node.Index));
        return microseconds;
    }

    public override bool CanReplace(Work other) => other is GraphWork;
}

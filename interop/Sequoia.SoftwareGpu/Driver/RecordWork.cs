namespace Sequoia.SoftwareGpu.Driver;

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

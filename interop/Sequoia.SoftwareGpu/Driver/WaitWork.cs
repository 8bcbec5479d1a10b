namespace Sequoia.SoftwareGpu.Driver;

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

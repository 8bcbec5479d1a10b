namespace Sequoia.SoftwareGpu.Driver;

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

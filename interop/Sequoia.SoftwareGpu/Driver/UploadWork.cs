namespace Sequoia.SoftwareGpu.Driver;

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

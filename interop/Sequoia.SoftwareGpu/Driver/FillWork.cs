namespace Sequoia.SoftwareGpu.Driver;

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

namespace Sequoia.Native.Execution.Cpu.Jobs;

/// <summary>RMS norm, row by row.</summary>
internal sealed unsafe class RmsNormJob(CpuKernels kernels) : ParallelJob
{
    private CpuActivations? _x, _y;
    private CpuVector? _weight;
    private int _firstRow;
    private float _epsilon;

    public void Set(CpuActivations x, int firstRow, CpuVector weight, float epsilon, CpuActivations y) =>
        (_x, _firstRow, _weight, _epsilon, _y) = (x, firstRow, weight, epsilon, y);

    public override void Execute(int item, int worker) =>
        kernels.RmsNorm(_x!.Row(_firstRow + item), _weight!.Data, _y!.Row(item), _x.Columns, _epsilon);
}

namespace Sequoia.Native.Execution.Cpu.Jobs;

/// <summary>hidden = silu(gate) * up, row by row.</summary>
internal sealed unsafe class SiluMulJob(CpuKernels kernels) : ParallelJob
{
    private CpuActivations? _gateUp, _hidden;

    public void Set(CpuActivations gateUp, CpuActivations hidden) => (_gateUp, _hidden) = (gateUp, hidden);

    public override void Execute(int item, int worker)
    {
        float* gate = _gateUp!.Row(item);
        kernels.SiluMul(gate, gate + _hidden!.Columns, _hidden.Row(item), _hidden.Columns);
    }
}

using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Execution.Cuda;

/// <summary>What compact_kv reads on the device: an accepted path, and where it begins in a cache.</summary>
internal sealed class CompactionState(CudaContext context, int levels)
{
    public DeviceBuffer<int> Path { get; } = context.Allocate<int>(levels);

    public DeviceBuffer<DeviceVerdict> Verdict { get; } = context.Allocate<DeviceVerdict>(1);

    public DeviceBuffer<StepState> State { get; } = context.Allocate<StepState>(1);

    public void Set(int committed, ReadOnlySpan<int> path)
    {
        Path.CopyFrom(path);
        Verdict.CopyFrom([new DeviceVerdict { Length = path.Length }]);
        State.CopyFrom([new StepState { Committed = committed }]);
    }
}

using Sequoia.Interop;
using Sequoia.Native.Execution.Cuda.Parameters;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A step's state on the device, of which a kernel that samples may change the errors only.</summary>
internal sealed class StepWords(CudaContext gpu, uint step) : IDisposable
{
    // No sampling kernel reads it.
    private const int Committed = -1;
    private const int ErrorsWord = 2;

    private readonly GuardedBuffer<int> _words = new(gpu, [(int)step, Committed, (int)LogitDamage.None], Committed);

    public nint Address => _words.Address;

    public void Reset() => _words.Reset();

    /// <summary>How the state is not as it should be; null if it is.</summary>
    public string? Difference(LogitDamage expected)
    {
        var errors = (LogitDamage)_words.ToArray()[ErrorsWord];
        return _words.Trespass("state", word => word == ErrorsWord) ?? (errors == expected ? null : $"errors {errors}, expected {expected}");
    }

    public void Dispose() => _words.Dispose();
}

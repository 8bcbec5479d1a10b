using TorchSharp;
using static TorchSharp.torch;

namespace Sequoia.Training;

/// <summary>Where the tensors live and the arithmetic is done.</summary>
internal static class ComputeDevice
{
    /// <summary>
    /// Makes <c>cpu</c> or <c>cuda</c> the place of every tensor made afterwards. The package in use has libtorch for
    /// the CPU; for a GPU, start the program with a CUDA libtorch in LD_LIBRARY_PATH and the CPU one's files removed.
    /// </summary>
    public static void Use(Arguments arguments)
    {
        set_num_threads(arguments.Integer("threads", 2));
        string name = arguments.Text("device", "cpu");
        if (name == "cpu") return;
        if (name != "cuda") throw new UsageException($"--device is cpu or cuda, not '{name}'.");
        if (!TryInitializeDeviceType(DeviceType.CUDA)) throw new UsageException("--device cuda: libtorch finds no CUDA device.");
        set_default_device(CUDA);
        // Products with 10 bits of mantissa and sums in float32: several times faster, and far finer than the steps' noise.
        backends.cuda.matmul.allow_tf32 = true;
    }
}

using Sequoia.Interop;

namespace Sequoia.Native.Backends.Cuda.Checks;

/// <summary>Checks the kernels that a user replaced, before a model is loaded with them, on some of the problems of <c>sequoia kernels check</c>.</summary>
internal static class ReplacementCheck
{
    private const int Cases = 24;

    // Every problem may compile another configuration of these. All kinds of products exist in both types.
    private const int TensorCoreCases = 8;

    /// <exception cref="InvalidInputException">A replaced kernel does not compile, has other parameters, or computes a wrong result.</exception>
    public static void Run(CudaDevice device, CudaCompiler compiler, KernelSet set)
    {
        // A separate context: a kernel that fails invalidates it.
        using var context = CudaContext.Create(device);
        using var launchers = new KernelLaunchers(context, compiler, set) { AreReplacements = true };
        foreach (KernelTopic topic in KernelTopic.All.Where(topic => set.Replaced.Contains(topic.Name)))
        {
            if (!launchers.CanRun(topic))
                throw new InvalidInputException($"kernel: {topic.Name}: {device.Name} has compute capability {device.ComputeCapability}, where this kernel does not run") { Parameter = "kernel" };
            for (int seed = 0; seed < (topic.Target != KernelTarget.Any ? TensorCoreCases : Cases); seed++)
                Check(launchers, topic, seed);
        }
    }

    private static void Check(KernelLaunchers launchers, KernelTopic topic, int seed)
    {
        try
        {
            using KernelProblem problem = topic.Random(launchers, seed);
            do
            {
                problem.Launch();
                Deviation deviation = problem.Compare();
                if (!deviation.IsWithinRounding)
                    throw new InvalidInputException($"kernel: {topic.Name}: the replacement computes something else than the engine's own: {deviation.Where} ({problem.Shape})") { Parameter = "kernel" };
            }
            while (problem.Advance());
        }
        catch (Exception e) when (e is CudaException or ArgumentException)
        {
            throw new InvalidInputException($"kernel: {topic.Name}: {e.Message} (seed {seed})", e) { Parameter = "kernel" };
        }
    }
}

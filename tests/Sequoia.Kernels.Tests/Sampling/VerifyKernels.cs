namespace Sequoia.Kernels.Tests.Sampling;

internal static class VerifyKernels
{
    public static KernelUnderTest Kernel(int threads, Mutation? mutation = null) => new("verify_tree", threads, "VERIFY_THREADS", mutation);

    public static KernelUnderTest Twin() => new("verify_tree_scalar", 1);
}

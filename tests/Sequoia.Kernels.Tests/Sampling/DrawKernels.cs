namespace Sequoia.Kernels.Tests.Sampling;

internal static class DrawKernels
{
    public static KernelUnderTest Kernel(int threads, Mutation? mutation = null) => new("draw_children", threads, "DRAW_THREADS", mutation);

    public static KernelUnderTest Twin() => new("draw_children_scalar", 32);
}

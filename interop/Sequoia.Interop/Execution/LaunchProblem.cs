using System.Runtime.CompilerServices;

namespace Sequoia.Interop;

/// <summary>Turns a launch failure into a message that names the kernel and the limit it exceeded.</summary>
internal static unsafe class LaunchProblem
{
    /// <summary>Throws if the launch failed, or if launches are synchronous and the kernel fails.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Check(CudaKernel kernel, CudaResult result, Dim3 grid, Dim3 block, int sharedBytes, nint stream, LaunchKind kind)
    {
        CudaContext context = kernel.Module.Context;
        string launch = kind switch
        {
            LaunchKind.Cooperative => nameof(DriverTable.cuLaunchCooperativeKernel),
            LaunchKind.Dependent => nameof(DriverTable.cuLaunchKernelEx),
            _ => nameof(DriverTable.cuLaunchKernel),
        };
        string what = $"{kernel.Name} with {grid} blocks of {block} threads and {sharedBytes} bytes of dynamic shared memory";
        if (result != CudaResult.Success)
            throw context.Driver.Failure(result, launch, Join(what, BrokenLimit(kernel, grid, block, sharedBytes) ?? ErrorAdvice.For(result)));

        int status;
        // A captured launch has not run.
        if (context.Api.cuStreamIsCapturing(stream, &status) == CudaResult.Success && status != 0)
            return;
        result = context.Api.cuStreamSynchronize(stream);
        if (result != CudaResult.Success)
            throw context.Driver.Failure(result, nameof(DriverTable.cuStreamSynchronize), $"it was {what}");
    }

    private static string Join(string what, string? why) => why is null ? what : $"{what}: {why}";

    private static string? BrokenLimit(CudaKernel kernel, Dim3 grid, Dim3 block, int sharedBytes)
    {
        CudaDevice device = kernel.Module.Context.Device;
        try
        {
            if (block.Count > kernel.MaxThreadsPerBlock)
                return $"a block has {block.Count} threads and this kernel allows {kernel.MaxThreadsPerBlock}";
            if (Exceeds(device, block, DeviceProperty.MaxBlockX) is { } blocks)
                return $"a block can have up to {blocks} threads";
            if (Exceeds(device, grid, DeviceProperty.MaxGridX) is { } grids)
                return $"a grid can have up to {grids} blocks";
            if (sharedBytes < 0)
                return "dynamic shared memory cannot be negative";
            if (sharedBytes > kernel.MaxDynamicSharedBytes)
            {
                int most = device[DeviceProperty.MaxSharedBytesPerBlockOptIn] - kernel.SharedBytes;
                return $"the kernel allows {kernel.MaxDynamicSharedBytes} bytes of dynamic shared memory; set MaxDynamicSharedBytes first (up to {most})";
            }
        }
        catch (CudaException)
        {
            // A lost context answers no queries. The launch's own error is enough.
        }
        return null;
    }

    // The properties of y and z follow the property of x.
    private static string? Exceeds(CudaDevice device, Dim3 extent, DeviceProperty x)
    {
        int mostX = device[x], mostY = device[x + 1], mostZ = device[x + 2];
        return extent.X > mostX || extent.Y > mostY || extent.Z > mostZ ? $"{mostX} x {mostY} x {mostZ}" : null;
    }
}

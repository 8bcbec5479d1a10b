using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Kernels and their launches.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuFuncGetAttribute))]
    public static CudaResult cuFuncGetAttribute(int* value, KernelProperty property, nint function) => Guarded(() =>
    {
        Function asked = Kernel(function);
        *Given(value) = property switch
        {
            KernelProperty.MaxThreadsPerBlock => asked.MaxThreads,
            KernelProperty.SharedBytes => asked.Kernel.StaticSharedBytes,
            KernelProperty.ConstantBytes => 0,
            KernelProperty.LocalBytes => asked.Kernel.LocalBytes,
            KernelProperty.Registers => asked.Kernel.Registers,
            KernelProperty.PtxVersion or KernelProperty.BinaryVersion => (10 * asked.Context.Limits.ComputeCapability.Major) + asked.Context.Limits.ComputeCapability.Minor,
            KernelProperty.MaxDynamicSharedBytes => asked.MaxDynamicSharedBytes,
            KernelProperty.PreferredSharedCarveout => asked.PreferredSharedCarveout,
            _ => throw new DriverError(CudaResult.InvalidValue, $"kernels have no property {(int)property}"),
        };
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuFuncSetAttribute))]
    public static CudaResult cuFuncSetAttribute(nint function, KernelProperty property, int value) => Guarded(() =>
    {
        Function set = Kernel(function);
        int most = set.Context.Limits.SharedBytesPerBlockOptIn - set.Kernel.StaticSharedBytes;
        switch (property)
        {
            case KernelProperty.MaxDynamicSharedBytes when value >= 0 && value <= most:
                set.MaxDynamicSharedBytes = value;
                break;
            case KernelProperty.MaxDynamicSharedBytes:
                throw new DriverError(CudaResult.InvalidValue, $"{value} bytes of dynamic shared memory, but at most {most} are possible");
            case KernelProperty.PreferredSharedCarveout when value is >= -1 and <= 100:
                set.PreferredSharedCarveout = value;
                break;
            case KernelProperty.PreferredSharedCarveout:
                throw new DriverError(CudaResult.InvalidValue, $"{value} percent of shared memory, but -1 to 100 are possible");
            default:
                throw new DriverError(CudaResult.InvalidValue, $"the property {(int)property} of a kernel cannot be set");
        }
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuFuncSetCacheConfig))]
    public static CudaResult cuFuncSetCacheConfig(nint function, int config) => Guarded(() => Kernel(function));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuFuncGetParamInfo))]
    public static CudaResult cuFuncGetParamInfo(nint function, nuint index, nuint* offset, nuint* bytes)
    {
        try
        {
            using var call = new Call();
            IReadOnlyList<KernelParameter> parameters = Kernel(function).Kernel.Parameters;
            if (index >= (nuint)parameters.Count)
                return CudaResult.InvalidValue;
            *Given(offset) = (nuint)parameters[(int)index].Offset;
            if (bytes is not null)
                *bytes = (nuint)parameters[(int)index].Bytes;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuOccupancyMaxActiveBlocksPerMultiprocessor))]
    public static CudaResult cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, nint function, int threads, nuint dynamicSharedBytes) =>
        Guarded(() => *Given(blocks) = ResidentBlocks(Kernel(function), threads, dynamicSharedBytes));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuOccupancyMaxPotentialBlockSize))]
    public static CudaResult cuOccupancyMaxPotentialBlockSize(int* grid, int* block, nint function, delegate* unmanaged<int, nuint> sharedBytesOf, nuint sharedBytes, int limit) => Guarded(() =>
    {
        Given(grid);
        Given(block);
        Function asked = Kernel(function);
        int most = limit > 0 ? Math.Min(limit, asked.MaxThreads) : asked.MaxThreads, best = 0;
        (*grid, *block) = (0, 0);
        for (int threads = most; threads > 0; threads -= threads % 32 == 0 ? 32 : threads % 32)
        {
            int resident = ResidentBlocks(asked, threads, sharedBytesOf is null ? sharedBytes : sharedBytesOf(threads));
            if (resident * threads > best)
                (best, *block, *grid) = (resident * threads, threads, resident * DeviceLimits.Multiprocessors);
        }
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuLaunchKernel))]
    public static CudaResult cuLaunchKernel(nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes, nint stream, void** parameters, void** extra) =>
        Guarded(() => Launch(Call.Context, function, new Dim(gridX, gridY, gridZ), new Dim(blockX, blockY, blockZ), sharedBytes, stream, parameters, extra, isDependent: false));

    [UnmanagedCallersOnly(EntryPoint = nameof(cuLaunchCooperativeKernel))]
    public static CudaResult cuLaunchCooperativeKernel(nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint sharedBytes, nint stream, void** parameters)
    {
        try
        {
            using var call = new Call();
            throw new DriverError(CudaResult.NotSupported, "the software GPU has no cooperative launches");
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuLaunchKernelEx))]
    public static CudaResult cuLaunchKernelEx(LaunchConfig* config, nint function, void** parameters, void** extra) => Guarded(() =>
    {
        LaunchConfig asked = *Given(config);
        bool isDependent = false;
        for (uint i = 0; i < asked.AttributeCount; i++)
        {
            LaunchAttribute attribute = Given(asked.Attributes)[i];
            isDependent |= attribute.Kind switch
            {
                LaunchAttributeKind.Ignore => false,
                LaunchAttributeKind.ProgrammaticStreamSerialization => attribute.Value != 0,
                _ => throw new DriverError(CudaResult.NotSupported, $"the software GPU has no launch attribute {(int)attribute.Kind}"),
            };
        }
        Launch(
            Call.Context, function, new Dim(asked.GridX, asked.GridY, asked.GridZ), new Dim(asked.BlockX, asked.BlockY, asked.BlockZ), asked.SharedBytes, asked.Stream,
            parameters, extra, isDependent);
    });

    private static Function Kernel(nint handle) => Call.Gpu.Handles.Get<Function>(handle, "kernel");

    private static int ResidentBlocks(Function function, int threads, nuint dynamicSharedBytes)
    {
        if (threads < 1 || threads > function.MaxThreads)
            throw new DriverError(CudaResult.InvalidValue, $"blocks of {threads} threads; the kernel takes 1 to {function.MaxThreads}");
        return dynamicSharedBytes > (nuint)function.Context.Limits.Multiprocessor.SharedBytes ? 0
            : Occupancy.Compute(
                Math.Max(1, function.Kernel.Registers), threads, function.Kernel.StaticSharedBytes + (int)dynamicSharedBytes, function.Context.Limits.Multiprocessor).BlocksPerMultiprocessor;
    }

    private static void Launch(Context context, nint handle, Dim grid, Dim block, uint sharedBytes, nint stream, void** parameters, void** extra, bool isDependent)
    {
        Function function = Kernel(handle);
        function.Context.Limits.Check(function, grid, block, sharedBytes);
        GpuStream queue = context.Stream(stream);
        Call.Healthy(queue.Context);
        queue.Enqueue(new LaunchWork(function, grid, block, sharedBytes, Parameters(function.Kernel, parameters, extra), isDependent));
    }

    /// <summary>The bytes of a kernel's parameters, read from one pointer each or from one buffer (CU_LAUNCH_PARAM_BUFFER_POINTER).</summary>
    private static byte[] Parameters(Kernel kernel, void** parameters, void** extra)
    {
        byte[] bytes = new byte[kernel.ParameterBytes];
        if (bytes.Length == 0)
            return bytes;
        if (parameters is not null)
        {
            foreach ((KernelParameter parameter, int i) in kernel.Parameters.Select((parameter, i) => (parameter, i)))
            {
                if (parameters[i] is null)
                    throw new DriverError(CudaResult.InvalidValue, $"{kernel.Name}: the pointer to parameter {i} is null");
                new ReadOnlySpan<byte>(parameters[i], parameter.Bytes).CopyTo(bytes.AsSpan(parameter.Offset));
            }
            return bytes;
        }
        void* buffer = null;
        nuint length = 0;
        for (void** item = extra; item is not null && (nint)(*item) != 0; item += 2)
        {
            if ((nint)(*item) == 1)
                buffer = item[1];
            else if ((nint)(*item) == 2)
                length = *Given((nuint*)item[1]);
        }
        if (buffer is null)
            throw new DriverError(CudaResult.InvalidValue, $"{kernel.Name} has {kernel.Parameters.Count} parameters, and the launch gives none");
        if (length < (nuint)bytes.Length)
            throw new DriverError(CudaResult.InvalidValue, $"{kernel.Name} has parameters of {bytes.Length} bytes, and the launch gives {length}");
        new ReadOnlySpan<byte>(buffer, bytes.Length).CopyTo(bytes);
        return bytes;
    }
}

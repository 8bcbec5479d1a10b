using System.Runtime.InteropServices;
using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Lower;

namespace Sequoia.SoftwareGpu;

// What a driver layer uses:
//   DeviceMemory   Allocate, Free, Read, Write, Fill, Copy, RegisterHost, TryFind, LiveAllocations, Describe
//   PtxModule      Load(text, memory) -> Kernels, Symbols; throws PtxException (line + one sentence)
//   Launcher       Run(memory, kernel, grid, block, dynamicSharedBytes, parameters, options) -> LaunchReport
//                  throws DeviceFault (kind + message + finding + the report so far)
// Nothing else is thrown, whatever the kernel does. Launches can run concurrently, even of the same kernel. Memory that a running launch can use
// must not be freed, and its module must not be disposed, before the launch returns.

/// <summary>Executes kernels.</summary>
public static unsafe class Launcher
{
    /// <summary>The maximum number of threads per block.</summary>
    public const int MaxThreadsPerBlock = 1024;

    /// <summary>The maximum shared memory per block: what a block of compute capability 9.0 can request.</summary>
    public const int MaxSharedBytes = 227 * 1024;

    /// <summary>Runs a kernel to completion.</summary>
    /// <param name="memory">The memory into which the kernel's module was loaded.</param>
    /// <param name="kernel">The kernel to run.</param>
    /// <param name="grid">The number of blocks in the grid in each dimension.</param>
    /// <param name="block">The number of threads in a block in each dimension.</param>
    /// <param name="dynamicSharedBytes">The shared memory after the kernel's static shared memory, in bytes.</param>
    /// <param name="parameters">The parameter block, laid out according to the kernel's parameters.</param>
    /// <param name="options">The launch options. If null, the defaults are used.</param>
    /// <param name="isDependent">
    /// Whether a GPU may start the kernel before the last one has ended (programmatic dependent launch). Here it runs afterwards; if launches are
    /// checked, what it does before griddepcontrol.wait must not meet what the kernels before it wrote.
    /// </param>
    /// <returns>The report of the launch.</returns>
    /// <exception cref="DeviceFault">The launch is invalid, or the kernel stopped.</exception>
    public static LaunchReport Run(
        DeviceMemory memory, Kernel kernel, (uint X, uint Y, uint Z) grid, (uint X, uint Y, uint Z) block,
        int dynamicSharedBytes, ReadOnlySpan<byte> parameters, LaunchOptions? options = null, bool isDependent = false) =>
        Run(memory, kernel, grid, block, dynamicSharedBytes, parameters, options, isDependent, chain: null, accesses: null);

    /// <summary>The same in one of several chains of launches. If the launch is checked, tells which memory it accesses.</summary>
    internal static LaunchReport Run(
        DeviceMemory memory, Kernel kernel, (uint X, uint Y, uint Z) grid, (uint X, uint Y, uint Z) block,
        int dynamicSharedBytes, ReadOnlySpan<byte> parameters, LaunchOptions? options, bool isDependent, LaunchChain? chain, LaunchAccesses? accesses)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(kernel);
        options ??= LaunchOptions.Default;
        CheckLimits(memory, kernel, grid, block, dynamicSharedBytes, parameters.Length);
        uint threads = block.X * block.Y * block.Z;
        int sharedBytes = dynamicSharedBytes == 0 ? kernel.StaticSharedBytes : kernel.DynamicSharedStart + dynamicSharedBytes;
        byte* copy = (byte*)NativeMemory.AlignedAlloc((nuint)int.Max(16, (parameters.Length + 15) / 16 * 16), 16);
        try
        {
            parameters.CopyTo(new Span<byte>(copy, parameters.Length));
            Launch launch = new()
            {
                Memory = memory,
                Kernel = kernel,
                GridSize = grid,
                BlockSize = block,
                DynamicSharedBytes = dynamicSharedBytes,
                Shape = new LaunchShape((int)((threads + 31) / 32), sharedBytes, kernel.LocalBytes + kernel.StackBytes(options)),
                Options = options,
                Parameters = copy,
                ParameterBytes = kernel.ParameterBytes,
                IsDependent = isDependent,
                Chain = chain ?? memory.Chain,
                Accesses = accesses,
            };
            return Execute(launch);
        }
        finally
        {
            NativeMemory.AlignedFree(copy);
        }
    }

    private static LaunchReport Execute(Launch launch)
    {
        LaunchOptions options = launch.Options;
        Variant variant = new(options.Checks, options.Counters, options.Numerics, options.Schedule != Schedule.InOrder);
        bool isSingle = options.Checks || options.Counters || options.Schedule != Schedule.InOrder || options.Threads <= 1 || launch.Blocks == 1;
        if (!options.Checks)
            launch.Memory.ForgetUnwritten();
        if (!options.Checks && !options.Counters)
            return isSingle ? ExecuteAlone(launch, variant) : ExecuteTogether(launch, variant);

        // The shadows belong to the allocations, so only one launch at a time can use them.
        lock (launch.Memory.Inspection)
            return ExecuteAlone(launch, variant);
    }

    private static LaunchReport ExecuteAlone(Launch launch, Variant variant)
    {
        Executor executor = launch.Kernel.Rent(variant);
        LaunchReport report = new();
        try
        {
            executor.Begin(launch, false);
            new Scheduler(executor, launch, BlockOrder.For(launch)).Run();
        }
        catch (DeviceFault fault)
        {
            fault.Report = report;
            throw;
        }
        finally
        {
            executor.End(report);
            launch.Kernel.Return(executor);
        }

        return report;
    }

    private static LaunchReport ExecuteTogether(Launch launch, Variant variant)
    {
        LaunchReport report = new();
        long next = -1, executed = 0;
        DeviceFault? failure = null;
        int workers = (int)long.Min(launch.Options.Threads, launch.Blocks);
        Parallel.For(0, workers, new ParallelOptions { MaxDegreeOfParallelism = workers }, _ =>
        {
            Executor executor = launch.Kernel.Rent(variant);
            try
            {
                executor.Begin(launch, true);
                new Scheduler(executor, launch, () =>
                {
                    long number = Volatile.Read(ref failure) is null ? Interlocked.Increment(ref next) : -1;
                    return number < launch.Blocks ? number : -1;
                }).Run();
            }
            catch (DeviceFault fault)
            {
                Interlocked.CompareExchange(ref failure, fault, null);
            }
            finally
            {
                Interlocked.Add(ref executed, executor.Executed);
                executor.End(new LaunchReport());
                launch.Kernel.Return(executor);
            }
        });
        report.WarpInstructions = executed;
        if (failure is null)
            return report;
        failure.Report = report;
        throw failure;
    }

    private static void CheckLimits(
        DeviceMemory memory, Kernel kernel, (uint X, uint Y, uint Z) grid, (uint X, uint Y, uint Z) block, int dynamicSharedBytes, int parameterBytes)
    {
        if (!ReferenceEquals(kernel.Memory, memory))
            throw Invalid(kernel, "its module was loaded into another device memory");
        if (grid.X == 0 || grid.Y == 0 || grid.Z == 0 || grid.X > int.MaxValue || grid.Y > 65535 || grid.Z > 65535)
            throw Invalid(kernel, $"the grid ({grid.X}, {grid.Y}, {grid.Z}) is empty or over the limits (2147483647, 65535, 65535)");
        ulong threads = (ulong)block.X * block.Y * block.Z;
        if (threads == 0 || threads > MaxThreadsPerBlock || block.X > 1024 || block.Y > 1024 || block.Z > 64)
            throw Invalid(kernel, $"the block ({block.X}, {block.Y}, {block.Z}) is empty or over the limits (1024, 1024, 64; together {MaxThreadsPerBlock})");
        if (kernel.RequiredThreads is var (x, y, z) && (block.X != x || block.Y != y || block.Z != z))
            throw Invalid(kernel, $"the kernel requires blocks of ({x}, {y}, {z})");
        if (kernel.MaxThreads is var (maxX, maxY, maxZ) && threads > (ulong)((long)maxX * maxY * maxZ))
            throw Invalid(kernel, $"the kernel is bounded to {(long)maxX * maxY * maxZ} threads, {threads} are asked for");
        if (dynamicSharedBytes < 0 || kernel.DynamicSharedStart + (long)dynamicSharedBytes > MaxSharedBytes)
            throw Invalid(kernel, $"{kernel.StaticSharedBytes} static and {dynamicSharedBytes} dynamic bytes of shared memory are over the limit of {MaxSharedBytes}");
        if (parameterBytes != kernel.ParameterBytes)
            throw Invalid(kernel, $"the kernel has {kernel.ParameterBytes} bytes of parameters, {parameterBytes} are given");
    }

    private static DeviceFault Invalid(Kernel kernel, string reason) =>
        new(DeviceFaultKind.InvalidLaunch, $"'{kernel.Name}' cannot be launched: {reason}.");
}

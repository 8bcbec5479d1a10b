using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>
/// The properties that the software device reports: a compute capability whose instructions it executes, and the limits for it in the CUDA
/// Programming Guide's table of technical specifications.
/// </summary>
internal sealed class DeviceLimits
{
    private static readonly DeviceLimits[] All =
    [
        new() { ComputeCapability = new Version(8, 0), SharedBytesPerBlockOptIn = 163 << 10, Multiprocessor = MultiprocessorLimits.Sm80 },
        new() { ComputeCapability = new Version(9, 0), SharedBytesPerBlockOptIn = 227 << 10, Multiprocessor = MultiprocessorLimits.Sm90 },
    ];

    public const int ThreadsPerBlock = 1024;
    public const int ThreadsPerMultiprocessor = 2048;
    public const int BlocksPerMultiprocessor = 32;
    public const int RegistersPerMultiprocessor = 65536;
    public const int SharedBytesPerBlock = 48 << 10;
    public const uint GridX = int.MaxValue;
    public const uint GridYZ = 65535;
    public const uint BlockXY = 1024;
    public const uint BlockZ = 64;
    public const int ParameterBytes = 4096;

    // Few, so that grids sized by this number stay small.
    public const int Multiprocessors = 4;

    /// <summary>The device's now, which contexts keep.</summary>
    public static DeviceLimits Current { get; private set; } = All[0];

    public required Version ComputeCapability { get; init; }

    public required int SharedBytesPerBlockOptIn { get; init; }

    public required MultiprocessorLimits Multiprocessor { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">The software GPU cannot pose as this one.</exception>
    public static void Become(Version computeCapability) => Current = Array.Find(All, limits => limits.ComputeCapability == computeCapability)
        ?? throw new ArgumentOutOfRangeException(nameof(computeCapability), computeCapability, $"not one of {string.Join(", ", All.Select(limits => limits.ComputeCapability))}");

    /// <summary>The value of a property, or 0 if the device does not have the property.</summary>
    public int Of(DeviceProperty property) => property switch
    {
        DeviceProperty.MaxThreadsPerBlock => ThreadsPerBlock,
        DeviceProperty.MaxBlockX or DeviceProperty.MaxBlockY => (int)BlockXY,
        DeviceProperty.MaxBlockZ => (int)BlockZ,
        DeviceProperty.MaxGridX => (int)GridX,
        DeviceProperty.MaxGridY or DeviceProperty.MaxGridZ => (int)GridYZ,
        DeviceProperty.MaxSharedBytesPerBlock => SharedBytesPerBlock,
        DeviceProperty.TotalConstantBytes => 64 << 10,
        DeviceProperty.WarpSize => 32,
        DeviceProperty.MaxRegistersPerBlock or DeviceProperty.MaxRegistersPerMultiprocessor => RegistersPerMultiprocessor,
        DeviceProperty.ClockKilohertz or DeviceProperty.MemoryClockKilohertz => 1_000_000,
        DeviceProperty.MultiprocessorCount => Multiprocessors,
        DeviceProperty.CanMapHostMemory or DeviceProperty.UnifiedAddressing => 1,
        DeviceProperty.MemoryBusBits => 64,
        DeviceProperty.L2CacheBytes => 4 << 20,
        DeviceProperty.MaxThreadsPerMultiprocessor => ThreadsPerMultiprocessor,
        DeviceProperty.AsyncEngineCount => 1,
        DeviceProperty.ComputeCapabilityMajor => ComputeCapability.Major,
        DeviceProperty.ComputeCapabilityMinor => ComputeCapability.Minor,
        DeviceProperty.MaxSharedBytesPerMultiprocessor => Multiprocessor.SharedBytes,
        DeviceProperty.MaxSharedBytesPerBlockOptIn => SharedBytesPerBlockOptIn,
        DeviceProperty.MaxBlocksPerMultiprocessor => BlocksPerMultiprocessor,
        DeviceProperty.ReservedSharedBytesPerBlock => Multiprocessor.ReservedSharedBytes,
        > 0 and < (DeviceProperty)150 => 0,
        _ => throw new DriverError(CudaResult.InvalidValue, $"there is no device property {(int)property}"),
    };

    /// <summary>Rejects launches that no device of this compute capability accepts.</summary>
    public void Check(Function function, Dim grid, Dim block, uint dynamicSharedBytes)
    {
        string name = function.Kernel.Name;
        if (grid.X == 0 || grid.Y == 0 || grid.Z == 0 || block.X == 0 || block.Y == 0 || block.Z == 0)
            throw new DriverError(CudaResult.InvalidValue, $"{name}: a grid of {grid} and blocks of {block} have an extent of 0");
        if (grid.X > GridX || grid.Y > GridYZ || grid.Z > GridYZ)
            throw new DriverError(CudaResult.InvalidValue, $"{name}: a grid of {grid} is over the limit of {GridX} x {GridYZ} x {GridYZ}");
        ulong threads = (ulong)block.X * block.Y * block.Z;
        if (block.X > BlockXY || block.Y > BlockXY || block.Z > BlockZ || threads > ThreadsPerBlock)
            throw new DriverError(CudaResult.InvalidValue, $"{name}: a block of {block} is over the limit of {BlockXY} x {BlockXY} x {BlockZ} and {ThreadsPerBlock} threads in all");
        if (threads > (ulong)function.MaxThreads)
            throw new DriverError(CudaResult.InvalidValue, $"{name}: a block of {threads} threads, but the kernel was compiled for at most {function.MaxThreads}");
        if (dynamicSharedBytes > (uint)function.MaxDynamicSharedBytes)
            throw new DriverError(CudaResult.InvalidValue, $"{name}: {dynamicSharedBytes} bytes of dynamic shared memory, but at most {function.MaxDynamicSharedBytes} are allowed; more (up to {SharedBytesPerBlockOptIn - function.Kernel.StaticSharedBytes}) must be opted in for with cuFuncSetAttribute");
    }
}

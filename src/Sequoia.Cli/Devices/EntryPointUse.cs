using Sequoia.Interop;

namespace Sequoia.Cli.Devices;

/// <summary>What the driver's entry points are for, so that a missing one can be reported with what does not work.</summary>
internal static class EntryPointUse
{
    private const string Ceilings = "kernels bench and devices --ceilings";

    // What is not listed is needed for everything.
    private static readonly Dictionary<string, string> s_uses = Listed(
        ("kernels check, kernels bench, devices --ceilings and generate --kernel", [nameof(DriverTable.cuCtxCreate_v2), nameof(DriverTable.cuCtxDestroy_v2)]),
        (Ceilings, [nameof(DriverTable.cuEventElapsedTime)]),
        ("generate and measure",
        [
            nameof(DriverTable.cuStreamBeginCapture_v2), nameof(DriverTable.cuStreamEndCapture), nameof(DriverTable.cuGraphInstantiateWithFlags),
            nameof(DriverTable.cuGraphLaunch), nameof(DriverTable.cuGraphDestroy), nameof(DriverTable.cuGraphExecDestroy),
        ]),
        ($"measure hardware, {Ceilings}", [nameof(DriverTable.cuMemsetD8Async)]),
        ("overlapping the kernels of a pass (from compute capability 9.0)", [nameof(DriverTable.cuLaunchKernelEx)]),
        ("checks of a launch's arguments (since CUDA 12.4)", [nameof(DriverTable.cuFuncGetParamInfo)]),
        ("the name of a kernel in errors", [nameof(DriverTable.cuStreamIsCapturing)]),
        ("nothing here, only programs that call it themselves",
        [
            nameof(DriverTable.cuCtxSetCurrent), nameof(DriverTable.cuCtxGetDevice), nameof(DriverTable.cuMemHostGetDevicePointer_v2),
            nameof(DriverTable.cuMemcpyDtoDAsync_v2), nameof(DriverTable.cuMemsetD32Async), nameof(DriverTable.cuPointerGetAttribute),
            nameof(DriverTable.cuStreamQuery), nameof(DriverTable.cuStreamWaitEvent), nameof(DriverTable.cuEventQuery), nameof(DriverTable.cuModuleGetGlobal_v2),
            nameof(DriverTable.cuOccupancyMaxActiveBlocksPerMultiprocessor), nameof(DriverTable.cuLaunchCooperativeKernel),
            nameof(DriverTable.cuGraphGetNodes), nameof(DriverTable.cuGraphExecUpdate_v2),
        ]));

    /// <summary>A check of a driver's entry points.</summary>
    public static Check Of(CudaDriver driver)
    {
        IReadOnlyList<string> missing = driver.MissingEntryPoints;
        if (missing.Count == 0)
            return new(Doctor.EntryPoints, true, $"all {DriverTable.Names.Count} that are called", []);
        IEnumerable<string> groups = missing.GroupBy(name => s_uses.GetValueOrDefault(name, "everything")).Select(needed => $"{needed.Key}: {string.Join(", ", needed)}");
        return new(Doctor.EntryPoints, false, $"{missing.Count} of {DriverTable.Names.Count} are not in this driver, and what they are for does not work; {string.Join("; ", groups)}", []);
    }

    private static Dictionary<string, string> Listed(params (string Use, string[] Names)[] uses) =>
        uses.SelectMany(use => use.Names.Select(name => (name, use.Use))).ToDictionary(pair => pair.name, pair => pair.Use);
}

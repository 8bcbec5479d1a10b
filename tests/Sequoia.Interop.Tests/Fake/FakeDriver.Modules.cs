using System.Runtime.InteropServices;
using System.Text;

namespace Sequoia.Interop.Tests;

internal static unsafe partial class FakeDriver
{
    [UnmanagedCallersOnly]
    private static CudaResult ModuleLoad(nint* module, void* image, uint options, JitOption* names, void** values)
    {
        if (Note("cuModuleLoadDataEx") is var result and not CudaResult.Success)
        {
            for (uint i = 0; i < options; i++)
            {
                if (names[i] == JitOption.ErrorLog)
                    Encoding.UTF8.GetBytes(ModuleLog + "\0", new Span<byte>(values[i], 200));
            }
            return result;
        }
        // The first byte of an ELF file, which a CUBIN is.
        LoadsCubin = *(byte*)image == 0x7f;
        return LoadsCubin && RefusesCubin ? CudaResult.NoBinaryForGpu : Make("module", module);
    }

    [UnmanagedCallersOnly]
    private static CudaResult ModuleUnload(nint module) => Drop("module", module);

    [UnmanagedCallersOnly]
    private static CudaResult GetFunction(nint* function, nint module, byte* name)
    {
        *function = module + 1;
        return Marshal.PtrToStringUTF8((nint)name) == "missing" ? CudaResult.NotFound : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GetGlobal(ulong* address, nuint* bytes, nint module, byte* name)
    {
        (*address, *bytes) = ((ulong)module + 8, 12);
        return Marshal.PtrToStringUTF8((nint)name) == "missing" ? CudaResult.NotFound : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult FuncGet(int* value, KernelProperty property, nint function)
    {
        *value = property switch
        {
            KernelProperty.MaxThreadsPerBlock => 512,
            KernelProperty.MaxDynamicSharedBytes => 48 * 1024,
            _ => 100 + (int)property,
        };
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult FuncSet(nint function, KernelProperty property, int value) => Note($"cuFuncSetAttribute {property} {value}");

    [UnmanagedCallersOnly]
    private static CudaResult ParamInfo(nint function, nuint index, nuint* offset, nuint* bytes)
    {
        if (index >= (nuint)ParameterBytes.Length)
            return CudaResult.InvalidValue;
        *bytes = (nuint)ParameterBytes[index];
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Occupancy(int* blocks, nint function, int threads, nuint shared)
    {
        *blocks = (threads * 10) + (int)shared;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Launch(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream, void** arguments, void** extra) =>
        RecordsLaunches ? Record("cuLaunchKernel", [gridX, gridY, gridZ, blockX, blockY, blockZ, shared], stream, arguments) : CudaResult.Success;

    [UnmanagedCallersOnly]
    private static CudaResult LaunchCooperative(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream, void** arguments) =>
        Record("cuLaunchCooperativeKernel", [gridX, gridY, gridZ, blockX, blockY, blockZ, shared], stream, arguments);

    [UnmanagedCallersOnly]
    private static CudaResult LaunchEx(LaunchConfig* config, nint function, void** arguments, void** extra)
    {
        LastAttributes = [.. new Span<LaunchAttribute>(config->Attributes, (int)config->AttributeCount).ToArray().Select(attribute => (attribute.Kind, attribute.Value))];
        return Record(
            "cuLaunchKernelEx", [config->GridX, config->GridY, config->GridZ, config->BlockX, config->BlockY, config->BlockZ, config->SharedBytes], config->Stream, arguments);
    }

    private static CudaResult Record(string name, uint[] extent, nint stream, void** arguments)
    {
        if (Note(name) is var result and not CudaResult.Success)
            return result;
        var bytes = new byte[ParameterBytes.Length][];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = new Span<byte>(arguments[i], ParameterBytes[i]).ToArray();
        LastLaunch = (extent, stream, bytes);
        return Current == 0 ? CudaResult.InvalidContext : CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphNodes(nint graph, nint* nodes, nuint* count)
    {
        *count = 3;
        return CudaResult.Success;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphInstantiate(nint* executable, nint graph, ulong flags) => Make("executable graph", executable);

    [UnmanagedCallersOnly]
    private static CudaResult GraphUpdate(nint executable, nint graph, GraphUpdateResult* update)
    {
        CudaResult result = Note("cuGraphExecUpdate_v2");
        update->Outcome = result == CudaResult.Success ? GraphUpdateOutcome.Updated : GraphUpdateOutcome.TopologyChanged;
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphLaunch(nint executable, nint stream) => Note("cuGraphLaunch");

    [UnmanagedCallersOnly]
    private static CudaResult GraphDestroy(nint graph)
    {
        Note("cuGraphDestroy");
        return Drop("graph", graph);
    }

    [UnmanagedCallersOnly]
    private static CudaResult GraphExecDestroy(nint executable) => Drop("executable graph", executable);
}

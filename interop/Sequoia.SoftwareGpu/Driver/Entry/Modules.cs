using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>Modules.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuModuleLoadData))]
    public static CudaResult cuModuleLoadData(nint* module, void* image) =>
        Guarded(() => *Given(module) = Load(Call.Context, image, 0, null, null).Handle);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuModuleLoadDataEx))]
    public static CudaResult cuModuleLoadDataEx(nint* module, void* image, uint options, JitOption* names, void** values) =>
        Guarded(() => *Given(module) = Load(Call.Context, image, options, names, values).Handle);

    [UnmanagedCallersOnly(EntryPoint = nameof(cuModuleUnload))]
    public static CudaResult cuModuleUnload(nint module) => Guarded(() =>
    {
        Module gone = Loaded(module);
        Call.Context.Synchronize();
        gone.Unload();
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuModuleGetFunction))]
    public static CudaResult cuModuleGetFunction(nint* function, nint module, byte* name) => Guarded(() =>
    {
        Given(function);
        string wanted = Name(name);
        Function found = Loaded(module).Function(wanted)
            ?? throw new DriverError(CudaResult.NotFound, $"the module has no kernel {wanted}");
        *function = found.Handle;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuModuleGetGlobal_v2))]
    public static CudaResult cuModuleGetGlobal_v2(ulong* pointer, nuint* bytes, nint module, byte* name) => Guarded(() =>
    {
        string wanted = Name(name);
        if (!Loaded(module).Ptx.Symbols.TryGetValue(wanted, out (ulong Address, ulong Bytes) symbol))
            throw new DriverError(CudaResult.NotFound, $"the module has no global variable {wanted}");
        if (pointer is not null)
            *pointer = symbol.Address;
        if (bytes is not null)
            *bytes = (nuint)symbol.Bytes;
    });

    [UnmanagedCallersOnly(EntryPoint = nameof(cuModuleGetLoadingMode))]
    public static CudaResult cuModuleGetLoadingMode(int* mode)
    {
        try
        {
            *Given(mode) = 1;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    private static Module Loaded(nint handle) => Call.Gpu.Handles.Get<Module>(handle, "module");

    private static string Name(byte* name) => Marshal.PtrToStringUTF8((nint)Given(name))!;

    private static Module Load(Context context, void* image, uint options, JitOption* names, void** values)
    {
        if (options > 0)
        {
            Given(names);
            Out((byte**)values);
        }
        try
        {
            // A cubin is an ELF file, and a fat binary has its own magic number. PTX is text.
            uint magic = image is null ? throw new DriverError(CudaResult.InvalidValue, "the module is null") : *(uint*)image;
            if (magic is 0x464C457F or 0xBA55ED50)
                throw new DriverError(CudaResult.NoBinaryForGpu, "the software GPU executes PTX; compile for a virtual architecture (compute_80), not for a real one (sm_80)");
            var ptx = PtxModule.Load(Marshal.PtrToStringUTF8((nint)image)!, Call.Gpu.Memory);
            Module module = Call.Gpu.Handles.Add(new Module(context, ptx));
            context.Owned.Add(module);
            return module;
        }
        catch (Exception e) when (e is PtxException or DriverError or DeviceFault)
        {
            WriteLog(e.Message, options, names, values);
            throw;
        }
    }

    private static void WriteLog(string message, uint options, JitOption* names, void** values)
    {
        byte* log = null;
        nuint bytes = 0;
        for (uint i = 0; i < options; i++)
        {
            // Numbers are passed in place of the pointer.
            if (names[i] == JitOption.ErrorLog)
                log = (byte*)values[i];
            else if (names[i] == JitOption.ErrorLogBytes)
                bytes = (uint)values[i];
        }
        if (log is not null)
            Texts.Write(message, log, bytes);
    }
}

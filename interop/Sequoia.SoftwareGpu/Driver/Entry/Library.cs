using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>The library itself.</summary>
internal static unsafe partial class EntryPoints
{
    [UnmanagedCallersOnly(EntryPoint = nameof(cuInit))]
    public static CudaResult cuInit(uint flags)
    {
        try
        {
            if (flags != 0)
                throw new DriverError(CudaResult.InvalidValue, "the flags of cuInit must be 0");
            lock (Gpu.Instance.Lock)
            {
                Settings.Apply();
                Gpu.Instance.IsInitialized = true;
            }
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuDriverGetVersion))]
    public static CudaResult cuDriverGetVersion(int* version)
    {
        try
        {
            *Given(version) = DriverVersion;
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuGetErrorName))]
    public static CudaResult cuGetErrorName(CudaResult error, byte** name)
    {
        try
        {
            *Out(name) = ResultNames.Name(error) is { } known ? Texts.Of(known) : null;
            return *name is null ? CudaResult.InvalidValue : CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = nameof(cuGetErrorString))]
    public static CudaResult cuGetErrorString(CudaResult error, byte** text)
    {
        try
        {
            *Out(text) = ResultNames.Text(error) is { } known ? Texts.Of(known) : null;
            return *text is null ? CudaResult.InvalidValue : CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    // The toolkit whose PTX is supported.
    private const int DriverVersion = 12040;

    /// <summary>Runs a call with exclusive access to the device. Exceptions become result codes, because no exception can leave an entry point.</summary>
    private static CudaResult Guarded(Action work) => Guarded(work, static work => work());

    /// <summary>The same without a closure, for very frequent calls.</summary>
    private static CudaResult Guarded<T>(T argument, Action<T> work)
    {
        try
        {
            using var call = new Call();
            work(argument);
            return CudaResult.Success;
        }
        catch (Exception e)
        {
            return Failure.Of(e);
        }
    }

    private static T* Given<T>(T* pointer) where T : unmanaged =>
        pointer is not null ? pointer : throw new DriverError(CudaResult.InvalidValue, "a pointer that the call writes or reads through is null");
}

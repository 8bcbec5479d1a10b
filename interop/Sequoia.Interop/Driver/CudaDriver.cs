using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// A CUDA driver: NVIDIA's, or another one with the same entry points. One process can use several drivers. Devices, and all objects created on
/// them, belong to one driver. Thread-safe.
/// </summary>
public sealed unsafe class CudaDriver
{
    private readonly DriverTable _table;

    private CudaDriver(string name, in DriverTable table, bool isNative, bool acceptsCubin)
    {
        Name = name;
        IsNative = isNative;
        AcceptsCubin = acceptsCubin;
        _table = table;
        MissingEntryPoints = MissingEntryPoint.Fill(ref _table);
    }

    /// <summary>The driver's name: the path of its library, or the name passed to <see cref="FromTable"/>.</summary>
    public string Name { get; }

    /// <summary>Whether this is NVIDIA's library. NVIDIA's other libraries work only with it.</summary>
    public bool IsNative { get; }

    /// <summary>Whether the driver accepts CUBIN modules. Otherwise modules must be PTX.</summary>
    public bool AcceptsCubin { get; }

    /// <summary>The newest CUDA version that the driver supports.</summary>
    /// <exception cref="CudaException">The driver does not report its version.</exception>
    public Version Version
    {
        get
        {
            int version;
            Check(Api.cuDriverGetVersion(&version));
            return new Version(version / 1000, version % 1000 / 10);
        }
    }

    /// <summary>The devices, in the driver's order. Initializes the driver. Empty if the driver works but has no devices.</summary>
    /// <exception cref="CudaException">The driver cannot be initialized.</exception>
    public IReadOnlyList<CudaDevice> Devices
    {
        get
        {
            CudaResult initialised = Api.cuInit(0);
            if (initialised == CudaResult.NoDevice)
                return [];
            Check(initialised, nameof(DriverTable.cuInit));
            int count;
            Check(Api.cuDeviceGetCount(&count));
            var devices = new CudaDevice[count];
            for (int i = 0; i < count; i++)
                devices[i] = CudaDevice.Get(this, i);
            return devices;
        }
    }

    /// <summary>The names of entry points that the driver does not have.</summary>
    internal IReadOnlyList<string> MissingEntryPoints { get; }

    /// <summary>The entry points. None is null. A missing one returns a code that only <see cref="Check"/> recognizes.</summary>
    internal ref readonly DriverTable Api => ref _table;

    /// <summary>Loads NVIDIA's driver.</summary>
    /// <param name="search">Where to search. If null, the default locations are searched.</param>
    /// <exception cref="LibraryNotFoundException">The driver is not installed.</exception>
    public static CudaDriver Load(LibrarySearch? search = null) => TryLoad(search, out LibraryReport report)
        ?? throw new LibraryNotFoundException(report, "install NVIDIA's driver, or use the CPU or the software GPU");

    /// <summary>Loads NVIDIA's driver, or returns null if it is not installed.</summary>
    /// <param name="search">Where to search. If null, the default locations are searched.</param>
    /// <param name="report">Every path tried and the loader's message for it.</param>
    public static CudaDriver? TryLoad(LibrarySearch? search, out LibraryReport report)
    {
        report = (search ?? LibrarySearch.Usual()).Find(LibraryNames.Driver);
        if (!report.IsFound)
            return null;
        var table = default(DriverTable);
        EntryPoints.Fill(DriverTable.Entries(ref table), DriverTable.Names, report.Handle);
        return new CudaDriver(report.Path!, table, isNative: true, acceptsCubin: true);
    }

    /// <summary>Creates a driver from entry points that the caller provides. Calls to an entry point left null fail with one clear message.</summary>
    /// <param name="name">The driver's name.</param>
    /// <param name="table">The entry points. They are copied.</param>
    /// <param name="acceptsCubin">Whether modules can be CUBIN as well as PTX.</param>
    public static CudaDriver FromTable(string name, in DriverTable table, bool acceptsCubin = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new CudaDriver(name, table, isNative: false, acceptsCubin);
    }

    /// <summary>Throws if the call failed. The name of the entry point is taken from the text of the call expression.</summary>
    /// <exception cref="CudaException">The call failed.</exception>
    internal void Check(CudaResult result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != CudaResult.Success)
            throw Failure(result, call);
    }

    internal CudaException Failure(CudaResult result, string call, string? detail = null)
    {
        string function = call.Split('(')[0].Split('.')[^1];
        if (result == MissingEntryPoint.Code)
            return CudaException.Missing(function, this);
        byte* name, text;
        return new CudaException(
            function,
            result,
            Api.cuGetErrorName(result, &name) == CudaResult.Success ? Marshal.PtrToStringUTF8((nint)name)! : $"CUresult {(int)result}",
            Api.cuGetErrorString(result, &text) == CudaResult.Success ? Marshal.PtrToStringUTF8((nint)text) : null,
            detail);
    }
}

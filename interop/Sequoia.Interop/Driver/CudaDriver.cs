using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// A driver: NVIDIA's, or another one behind the same entry points. Several can be used side by side in one process; devices, and
/// all that is made on them, belong to one driver. Safe for use by several threads.
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
        MissingEntryPoint.Fill(ref _table);
    }

    /// <summary>What the driver is called: the path of its library, or the name given to <see cref="FromTable"/>.</summary>
    public string Name { get; }

    /// <summary>Whether it is NVIDIA's library; only with it do other libraries of NVIDIA's work.</summary>
    public bool IsNative { get; }

    /// <summary>Whether modules may be CUBIN; otherwise they must be PTX.</summary>
    public bool AcceptsCubin { get; }

    /// <summary>The newest CUDA version that the driver supports.</summary>
    /// <exception cref="CudaException">The driver does not say.</exception>
    public Version Version
    {
        get
        {
            int version;
            Check(Api.cuDriverGetVersion(&version));
            return new Version(version / 1000, version % 1000 / 10);
        }
    }

    /// <summary>The devices, in the driver's order; initialises the driver. Empty where it works but sees none.</summary>
    /// <exception cref="CudaException">The driver cannot be initialised.</exception>
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

    /// <summary>The entry points. None is null; a missing one returns a code that only <see cref="Check"/> understands.</summary>
    internal ref readonly DriverTable Api => ref _table;

    /// <summary>NVIDIA's driver.</summary>
    /// <param name="search">Where to look; the usual places if null.</param>
    /// <exception cref="LibraryNotFoundException">It is not installed.</exception>
    public static CudaDriver Load(LibrarySearch? search = null) => TryLoad(search, out LibraryReport report)
        ?? throw new LibraryNotFoundException(report, "install NVIDIA's driver, or use the CPU or the software GPU");

    /// <summary>NVIDIA's driver, or null where it is not installed.</summary>
    /// <param name="search">Where to look; the usual places if null.</param>
    /// <param name="report">Every path tried and what the loader said.</param>
    public static CudaDriver? TryLoad(LibrarySearch? search, out LibraryReport report)
    {
        report = (search ?? LibrarySearch.Usual()).Find(LibraryNames.Driver);
        if (!report.IsFound)
            return null;
        var table = default(DriverTable);
        EntryPoints.Fill(DriverTable.Entries(ref table), DriverTable.Names, report.Handle);
        return new CudaDriver(report.Path!, table, isNative: true, acceptsCubin: true);
    }

    /// <summary>A driver whose entry points the caller provides; those left null fail with one clear message when used.</summary>
    /// <param name="name">What to call it.</param>
    /// <param name="table">The entry points; copied.</param>
    /// <param name="acceptsCubin">Whether its modules may be CUBIN, besides PTX.</param>
    public static CudaDriver FromTable(string name, in DriverTable table, bool acceptsCubin = false)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return new CudaDriver(name, table, isNative: false, acceptsCubin);
    }

    /// <summary>Returns if the call succeeded. The name of the entry point is cut out of the call's own text.</summary>
    /// <exception cref="CudaException">It did not.</exception>
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

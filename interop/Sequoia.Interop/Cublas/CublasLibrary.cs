using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>cuBLAS, where it is installed; nothing here needs it. Safe for use by several threads.</summary>
public sealed unsafe class CublasLibrary
{
    private readonly CublasTable _table;

    /// <summary>A table that is complete.</summary>
    internal CublasLibrary(LibraryReport report, in CublasTable table)
    {
        Library = report;
        _table = table;
        Version = new Version(Property(0), Property(1), Property(2));
    }

    /// <summary>How it was found.</summary>
    public LibraryReport Library { get; }

    /// <summary>Its version.</summary>
    public Version Version { get; }

    internal ref readonly CublasTable Api => ref _table;

    /// <summary>Finds cuBLAS, or gives null.</summary>
    /// <param name="search">Where to look; the usual places if null.</param>
    /// <param name="report">Every path tried and what the loader said.</param>
    public static CublasLibrary? TryLoad(LibrarySearch? search, out LibraryReport report)
    {
        report = (search ?? LibrarySearch.Usual()).Find(LibraryNames.Cublas);
        if (!report.IsFound)
            return null;
        var table = default(CublasTable);
        Span<nint> entries = CublasTable.Entries(ref table);
        EntryPoints.Fill(entries, CublasTable.Names, report.Handle);
        int missing = entries.IndexOf((nint)0);
        if (missing < 0)
            return new(report, table);
        report = report.Refused($"is too old: it has no {CublasTable.Names[missing]}");
        return null;
    }

    /// <summary>cuBLAS ready for work in a context of NVIDIA's driver.</summary>
    /// <exception cref="CublasException">cuBLAS cannot be used there.</exception>
    /// <exception cref="ArgumentException">The context belongs to another driver.</exception>
    public Cublas Create(CudaContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.Driver.IsNative)
            throw new ArgumentException($"cuBLAS works on NVIDIA's driver alone, and this context is on {context.Driver.Name}", nameof(context));
        return Cublas.Create(this, context);
    }

    internal void Check(CublasResult result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result != CublasResult.Success)
        {
            throw new CublasException(
                call.Split('(')[0].Split('.')[^1],
                result,
                Marshal.PtrToStringUTF8((nint)Api.cublasGetStatusName(result)) ?? $"cublasStatus_t {(int)result}",
                Marshal.PtrToStringUTF8((nint)Api.cublasGetStatusString(result)) ?? "no description");
        }
    }

    private int Property(int which)
    {
        int value;
        return Api.cublasGetProperty(which, &value) == CublasResult.Success ? value : 0;
    }
}

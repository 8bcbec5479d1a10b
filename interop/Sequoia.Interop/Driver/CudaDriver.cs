namespace Sequoia.Interop;

/// <summary>
/// A driver: NVIDIA's, or another one behind the same entry points. Several can be used side by side in one process; devices, and
/// all that is made on them, belong to one driver. Safe for use by several threads.
/// </summary>
public sealed class CudaDriver
{
    private readonly DriverTable _table;

    private CudaDriver(string name, in DriverTable table)
    {
        Name = name;
        _table = table;
        MissingEntryPoint.Fill(ref _table);
    }

    /// <summary>What the driver is called: the path of its library, or the name given to <see cref="FromTable"/>.</summary>
    public string Name { get; }

    /// <summary>A driver whose entry points the caller provides; those left null fail with one clear message when used.</summary>
    public static CudaDriver FromTable(string name, in DriverTable table) => new(name, table);

    /// <summary>The entry points. None is null; a missing one returns a code that only <see cref="CudaDriver"/> understands.</summary>
    internal ref readonly DriverTable Api => ref _table;
}

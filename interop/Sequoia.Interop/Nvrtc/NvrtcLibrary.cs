namespace Sequoia.Interop;

/// <summary>The loaded NVRTC: its table, its version, and the reports of the searches for it and for its built-in functions.</summary>
internal sealed unsafe class NvrtcLibrary
{
    private readonly NvrtcTable _table;

    private NvrtcLibrary(LibraryReport report, in NvrtcTable table)
    {
        _table = table;
        int major = 0, minor = 0;
        _ = table.nvrtcVersion(&major, &minor);
        Version = new Version(major, minor);
        Report = report;
        Builtins = FindBuiltins(report.Path!, Version);
    }

    public ref readonly NvrtcTable Api => ref _table;

    public Version Version { get; }

    public LibraryReport Report { get; }

    public LibraryReport Builtins { get; }

    /// <summary>Null if NVRTC is not found, or is too old to have every function called here.</summary>
    public static NvrtcLibrary? TryLoad(LibrarySearch search, out LibraryReport report)
    {
        report = search.Find(LibraryNames.Nvrtc);
        if (!report.IsFound)
            return null;
        var table = default(NvrtcTable);
        Span<nint> entries = NvrtcTable.Entries(ref table);
        EntryPoints.Fill(entries, NvrtcTable.Names, report.Handle);
        int missing = entries.IndexOf((nint)0);
        if (missing < 0)
            return new(report, table);
        report = report.Refused($"is too old: it has no {NvrtcTable.Names[missing]}");
        return null;
    }

    /// <summary>
    /// NVRTC loads this file by its bare name, and the loader does not search NVRTC's own folder. Loading the file first makes it available.
    /// </summary>
    public static LibraryReport FindBuiltins(string nvrtc, Version version)
    {
        LibraryNames names = LibraryNames.NvrtcBuiltins(version);
        // A bare name has no folder, and loading code from the current folder is unsafe.
        IReadOnlyList<string> folders = Path.GetDirectoryName(nvrtc) is { Length: > 0 } home ? [home] : [];
        LibraryReport beside = new LibrarySearch(folders).Find(names);
        if (beside.IsFound)
            return beside;
        LibraryReport usual = LibrarySearch.Usual().Find(names);
        return new(usual.Title, usual.Handle, usual.Path, [.. beside.Attempts, .. usual.Attempts.Except(beside.Attempts)]);
    }
}

namespace Sequoia.Interop;

/// <summary>How the driver compiles PTX when it loads a module. A CUBIN is compiled already.</summary>
public sealed record ModuleOptions
{
    /// <summary>The most registers a thread may use; null leaves it to the driver.</summary>
    public int? MaxRegisters { get; init; }

    /// <summary>Keeps the lines of the source for profilers.</summary>
    public bool LineInfo { get; init; }
}

namespace Sequoia.SoftwareGpu.Ptx;

/// <summary>A module as parsed: its functions and the symbols of global and const space.</summary>
internal sealed class ParsedModule
{
    public (int Major, int Minor) Version { get; set; }

    public string Target { get; set; } = "";

    public Dictionary<int, string> Files { get; } = [];

    public Dictionary<string, Function> Functions { get; } = [];

    public List<Variable> Symbols { get; } = [];
}

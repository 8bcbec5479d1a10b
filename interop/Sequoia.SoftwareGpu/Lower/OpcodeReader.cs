using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Walks an opcode's modifiers in order. What no decoder takes is an error: a modifier that is ignored is a wrong result.
/// </summary>
internal sealed class OpcodeReader(FlatInstruction instruction)
{
    private readonly string[] _parts = instruction.Opcode;
    private int _next = 1;

    public string Name => _parts[0];

    public string Peek => _next < _parts.Length ? _parts[_next] : "";

    public bool Take(string modifier)
    {
        if (Peek != modifier)
            return false;
        _next++;
        return true;
    }

    /// <summary>Takes one of the given modifiers, or none.</summary>
    public string TakeAny(params ReadOnlySpan<string> modifiers)
    {
        foreach (string modifier in modifiers)
        {
            if (Take(modifier))
                return modifier;
        }

        return "";
    }

    public void Require(string modifier)
    {
        if (!Take(modifier))
            throw Unknown();
    }

    public PtxType Type()
    {
        PtxType type = PtxTypes.Parse(Peek);
        if (type == PtxType.None)
            throw Unknown();
        _next++;
        return type;
    }

    public PtxType Type(params ReadOnlySpan<PtxType> allowed)
    {
        PtxType type = Type();
        return allowed.Contains(type) ? type : throw Unknown();
    }

    public void End()
    {
        if (_next != _parts.Length)
            throw Unknown();
    }

    public PtxException Unknown() => new(instruction.Line, $"'{string.Join('.', _parts)}' is not a form of '{_parts[0]}' that is supported.");
}

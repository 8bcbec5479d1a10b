using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Reads an opcode's modifiers in order. A modifier that no decoder reads is an error, because ignoring it would give a wrong result.
/// </summary>
internal sealed class OpcodeReader(FlatInstruction instruction)
{
    private readonly string[] _parts = instruction.Opcode;
    private int _next = 1;

    /// <summary>
    /// Called for every modifier that a decoder requests, with its position, even if the modifier is absent. Tests use it to list all existing
    /// forms. Null otherwise.
    /// </summary>
    [ThreadStatic]
    internal static Action<int, string>? Asked;

    public string Name => _parts[0];

    public string Peek => _next < _parts.Length ? _parts[_next] : "";

    public bool Take(string modifier)
    {
        Asked?.Invoke(_next, modifier);
        if (Peek != modifier)
            return false;
        _next++;
        return true;
    }

    /// <summary>Reads one of the given modifiers, or none.</summary>
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

    public PtxType Type() => Type(Enum.GetValues<PtxType>());

    public PtxType Type(params ReadOnlySpan<PtxType> allowed)
    {
        if (Asked is { } asked)
        {
            foreach (PtxType one in allowed)
                asked(_next, one.ToString().ToLowerInvariant());
        }

        PtxType type = PtxTypes.Parse(Peek);
        if (type == PtxType.None || !allowed.Contains(type))
            throw Unknown();
        _next++;
        return type;
    }

    public void End()
    {
        if (_next != _parts.Length)
            throw Unknown();
        Asked?.Invoke(_next, "");
    }

    public PtxException Unknown() => new(instruction.Line, $"'{string.Join('.', _parts)}' is not a form of '{_parts[0]}' that is supported.");
}

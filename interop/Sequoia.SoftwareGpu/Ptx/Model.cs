namespace Sequoia.SoftwareGpu.Ptx;

internal enum StateSpace : byte
{
    Generic,
    Global,
    Shared,
    Local,
    Param,
    Const,
}

/// <summary>A virtual register as declared by <c>.reg</c>.</summary>
internal sealed class Register(string name, PtxType type)
{
    public string Name { get; } = name;

    public PtxType Type { get; } = type;
}

/// <summary>A variable in a state space: a symbol, a parameter, or storage of a function.</summary>
internal sealed class Variable
{
    public required string Name { get; init; }

    public required StateSpace Space { get; init; }

    public required int Alignment { get; init; }

    public required int Bytes { get; init; }

    public int Line { get; init; }

    /// <summary>Declared <c>.extern</c>: dynamic shared memory, or a symbol that another module defines.</summary>
    public bool IsExtern { get; init; }

    public byte[]? Initializer { get; set; }

    /// <summary>The positions in the initializer that contain addresses of other symbols.</summary>
    public List<(int Offset, string Symbol, long Addend)> Relocations { get; } = [];

    /// <summary>The address for global and const variables. The offset in the window for shared, local and param variables.</summary>
    public ulong Address { get; set; }

    public bool IsPlaced { get; set; }

    /// <summary>Whether the address is relative to the frame of the current call: storage of a function that is not inlined.</summary>
    public bool IsInFrame { get; init; }
}

internal enum OperandKind : byte
{
    Register,
    Integer,
    Single,
    Double,
    Special,
    Variable,
    Address,
    Vector,
    Label,
    Pair,
    Sink,
}

/// <summary>One operand of an instruction, with every name except labels resolved.</summary>
internal sealed class Operand
{
    public required OperandKind Kind { get; init; }

    public Register? Register { get; init; }

    public Variable? Variable { get; init; }

    /// <summary>The name of a label, function or special register.</summary>
    public string? Name { get; init; }

    /// <summary>The bits of the literal, or the offset of an address.</summary>
    public long Value { get; init; }

    public bool Negated { get; init; }

    public Operand[] Items { get; init; } = [];
}

/// <summary>One instruction as written.</summary>
internal sealed class Instruction
{
    public required string[] Opcode { get; init; }

    public required Operand[] Operands { get; init; }

    public Operand? Guard { get; init; }

    public required SourcePlace Place { get; init; }

    /// <summary>The scope in which the instruction's labels are resolved.</summary>
    public required Scope Scope { get; init; }

    public Operand[] Results { get; init; } = [];

    public Operand[] Arguments { get; init; } = [];

    /// <summary>The function's name. Null if a register, the only operand, contains its address.</summary>
    public string? Callee { get; init; }

    public string Name => string.Join('.', Opcode);
}

/// <summary>The origin of an instruction: its PTX line and text, and the CUDA line from the last <c>.loc</c>.</summary>
internal sealed record SourcePlace(int Line, string Text, Dictionary<int, string> Files, int FileNumber, int FileLine)
{
    /// <summary>Resolved late, because the file table is at the end of a module.</summary>
    public string? File => Files.GetValueOrDefault(FileNumber);
}

/// <summary>A label is before the instruction with this index.</summary>
internal sealed class Label(string name, int index)
{
    public string Name { get; } = name;

    public int Index { get; } = index;
}

/// <summary>The labels that a <c>brx.idx</c> selects from.</summary>
internal sealed class BranchTargets(string[] labels)
{
    public string[] Labels { get; } = labels;
}

/// <summary>The signature of functions called through a pointer: the bytes of their results and parameters.</summary>
internal sealed class CallPrototype(int[] resultBytes, int[] parameterBytes)
{
    public int[] ResultBytes { get; } = resultBytes;

    public int[] ParameterBytes { get; } = parameterBytes;
}

/// <summary>The address of a function. A declaration and its later definition share it.</summary>
internal sealed class CodeAddress(ulong value)
{
    public ulong Value { get; } = value;

    /// <summary>Whether the address is taken, so that the function may be called through a pointer.</summary>
    public bool IsTaken { get; set; }

    public ulong Take()
    {
        IsTaken = true;
        return Value;
    }
}

/// <summary>Names declared between two braces. Inner scopes hide outer ones.</summary>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, object> _names = [];
    private readonly List<(string Prefix, int Count, PtxType Type)> _ranges = [];

    public void Declare(string name, object value) => _names[name] = value;

    /// <summary>Declares <c>prefix0</c> to <c>prefix(count - 1)</c>. The registers are created on first use.</summary>
    public void DeclareRange(string prefix, int count, PtxType type) => _ranges.Add((prefix, count, type));

    public bool DeclaresHere(string name) => _names.ContainsKey(name);

    public object? Find(string name)
    {
        if (_names.TryGetValue(name, out object? value))
            return value;
        foreach ((string prefix, int count, PtxType type) in _ranges)
        {
            if (name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(prefix.Length), out int number) && number >= 0 && number < count)
            {
                Register register = new(name, type);
                _names[name] = register;
                return register;
            }
        }

        return parent?.Find(name);
    }
}

/// <summary>A kernel or device function.</summary>
internal sealed class Function
{
    public required string Name { get; init; }

    public required bool IsEntry { get; init; }

    public required int Line { get; init; }

    public required CodeAddress Address { get; init; }

    public List<Variable> Results { get; } = [];

    public List<Variable> Parameters { get; } = [];

    public List<Instruction> Body { get; } = [];

    /// <summary>Variables declared in the body: shared variables, local variables and call parameters.</summary>
    public List<Variable> Variables { get; } = [];

    public (int X, int Y, int Z)? MaxThreads { get; set; }

    public (int X, int Y, int Z)? RequiredThreads { get; set; }

    public bool IsDefined { get; set; }
}

/// <summary>A parsed module: its functions and its symbols in global and const space.</summary>
internal sealed class ParsedModule
{
    public (int Major, int Minor) Version { get; set; }

    public string Target { get; set; } = "";

    public Dictionary<int, string> Files { get; } = [];

    public Dictionary<string, Function> Functions { get; } = [];

    public List<Variable> Symbols { get; } = [];
}

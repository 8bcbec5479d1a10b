using System.Buffers.Binary;

namespace Sequoia.SoftwareGpu.Ptx;

/// <summary>Parses variable declarations: state spaces, alignment, arrays, initializers, parameter lists.</summary>
internal sealed class DeclarationParser(TokenReader reader, Scope moduleScope)
{
    public static bool IsSpace(string directive) =>
        directive is ".global" or ".const" or ".shared" or ".local" or ".param";

    /// <summary>Parses one declaration statement, which can declare several variables, including its semicolon.</summary>
    public List<Variable> Variables(bool isExtern)
    {
        (StateSpace space, int alignment, PtxType type, int vector) = Head();
        List<Variable> variables = [];
        do
        {
            variables.Add(One(space, alignment, type, vector, isExtern));
        }
        while (reader.TryTake(','));
        reader.Expect(';');
        return variables;
    }

    public List<Variable> Parameters(Scope scope)
    {
        List<Variable> parameters = [];
        reader.Expect('(');
        if (reader.TryTake(')'))
            return parameters;
        int offset = 0;
        do
        {
            int line = reader.Line;
            if (reader.Current.Is(".reg"))
                throw new PtxException(line, "parameters in registers are not supported.");
            (StateSpace space, int alignment, PtxType type, int vector) = Head();
            if (space != StateSpace.Param)
                throw new PtxException(line, "a parameter must be in .param space.");
            Variable variable = One(space, alignment, type, vector, false);
            offset = (offset + variable.Alignment - 1) / variable.Alignment * variable.Alignment;
            variable.Address = (ulong)offset;
            offset += variable.Bytes;
            parameters.Add(variable);
            scope.Declare(variable.Name, variable);
        }
        while (reader.TryTake(','));
        reader.Expect(')');
        return parameters;
    }

    private (StateSpace Space, int Alignment, PtxType Type, int Vector) Head()
    {
        int line = reader.Line;
        StateSpace space = reader.ExpectWord("a state space") switch
        {
            ".global" => StateSpace.Global,
            ".const" => StateSpace.Const,
            ".shared" => StateSpace.Shared,
            ".local" => StateSpace.Local,
            ".param" => StateSpace.Param,
            var other => throw new PtxException(line, $"unknown directive '{other}'."),
        };
        int alignment = 0, vector = 1;
        PtxType type = PtxType.None;
        while (reader.Current.Kind == TokenKind.Word && reader.Current.Text[0] == '.')
        {
            string word = reader.Take().Text;
            if (word == ".align")
                alignment = reader.ExpectInteger("an alignment");
            else if (word is ".v2" or ".v4")
                vector = word[2] - '0';
            else if (word == ".ptr")
                SkipPointerAttributes();
            else if (word == ".attribute")
                throw new PtxException(line, "variable attributes are not supported.");
            else if (type == PtxType.None && PtxTypes.Parse(word[1..]) is var parsed and not (PtxType.None or PtxType.Pred))
                type = parsed;
            else
                throw new PtxException(line, $"unknown declaration word '{word}'.");
        }

        if (type == PtxType.None)
            throw new PtxException(line, "a declaration has no type.");
        if (alignment == 0)
            alignment = type.Bytes * vector;
        if (!System.Numerics.BitOperations.IsPow2(alignment) || alignment > 1 << 20)
            throw new PtxException(line, $"{alignment} is not a valid alignment.");
        return (space, alignment, type, vector);
    }

    private void SkipPointerAttributes()
    {
        while (reader.Current.Text is ".global" or ".const" or ".shared" or ".local")
            reader.Take();
        if (reader.TryTake(".align"))
            reader.ExpectInteger("an alignment");
    }

    private Variable One(StateSpace space, int alignment, PtxType type, int vector, bool isExtern)
    {
        int line = reader.Line;
        string name = reader.ExpectWord("a variable name");
        long elements = vector;
        bool isOpen = false;
        while (reader.TryTake('['))
        {
            if (reader.Current.Is(']'))
                isOpen = true;
            else
                elements *= reader.ExpectInteger("an array length");
            if (elements > int.MaxValue)
                throw new PtxException(line, $"'{name}' is too large.");
            reader.Expect(']');
        }

        if (isOpen)
            elements = 0;
        Initializer? initializer = reader.TryTake('=') ? ReadInitializer(type) : null;
        if (isOpen && initializer is not null)
            elements = initializer.Bytes.Count / type.Bytes;
        long bytes = elements * type.Bytes;
        if (bytes > int.MaxValue)
            throw new PtxException(line, $"'{name}' is too large.");
        Variable variable = new()
        {
            Name = name,
            Space = space,
            Alignment = alignment,
            Bytes = (int)bytes,
            Line = line,
            IsExtern = isExtern,
        };
        if (initializer is not null)
        {
            if (initializer.Bytes.Count > bytes)
                throw new PtxException(line, $"'{name}' has more initial values than elements.");
            variable.Initializer = [.. initializer.Bytes];
            variable.Relocations.AddRange(initializer.Relocations);
        }

        return variable;
    }

    private sealed class Initializer
    {
        public List<byte> Bytes { get; } = [];

        public List<(int Offset, string Symbol, long Addend)> Relocations { get; } = [];
    }

    private Initializer ReadInitializer(PtxType type)
    {
        Initializer into = new();
        ReadValue(type, into);
        return into;
    }

    private void ReadValue(PtxType type, Initializer into)
    {
        if (reader.TryTake('{'))
        {
            if (reader.TryTake('}'))
                return;
            reader.Enter();
            do
            {
                ReadValue(type, into);
            }
            while (reader.TryTake(','));
            reader.Leave();
            reader.Expect('}');
            return;
        }

        bool negative = reader.TryTake('-');
        Token token = reader.Take();
        ulong bits;
        switch (token.Kind)
        {
            case TokenKind.Integer:
                bits = negative ? 0 - token.Bits : token.Bits;
                if (type == PtxType.F32)
                    bits = BitConverter.SingleToUInt32Bits((long)bits);
                else if (type == PtxType.F64)
                    bits = BitConverter.DoubleToUInt64Bits((long)bits);
                break;
            case TokenKind.Float:
                bits = Literal.Bits(token, type, negative);
                break;
            case TokenKind.Word when token.Text == "generic":
                reader.Expect('(');
                token = reader.Take();
                bits = Relocate(token, into);
                reader.Expect(')');
                break;
            case TokenKind.Word:
                bits = Relocate(token, into);
                break;
            default:
                throw new PtxException(token.Line, $"'{token.Text}' cannot initialise a variable.");
        }

        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(eight, bits);
        into.Bytes.AddRange(eight[..type.Bytes]);
    }

    private ulong Relocate(Token symbol, Initializer into)
    {
        object? found = moduleScope.Find(symbol.Text);
        if (found is Function function)
            return function.Address.Take();
        if (found is not Variable)
            throw new PtxException(symbol.Line, $"unknown symbol '{symbol.Text}'.");
        long addend = 0;
        if (reader.TryTake('+'))
            addend = reader.ExpectInteger("an offset");
        into.Relocations.Add((into.Bytes.Count, symbol.Text, addend));
        return 0;
    }
}

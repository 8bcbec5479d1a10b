namespace Sequoia.SoftwareGpu.Ptx;

/// <summary>Parses the body of one function: declarations, labels, instructions, nested scopes, line marks.</summary>
internal sealed class BodyParser(
    TokenReader reader, DeclarationParser declarations, Function function, Scope functionScope, Dictionary<int, string> files)
{
    private Scope _scope = functionScope;
    private string _lastLabel = "";
    private int _file;
    private int _fileLine;

    public void Parse()
    {
        reader.Expect('{');
        ParseScope();
        CheckLabels();
    }

    private void ParseScope()
    {
        while (!reader.TryTake('}'))
        {
            if (reader.TryTake('{'))
            {
                Scope outer = _scope;
                _scope = new Scope(outer);
                reader.Enter();
                ParseScope();
                reader.Leave();
                _scope = outer;
            }
            else
            {
                ParseStatement();
            }
        }
    }

    private void ParseStatement()
    {
        Token first = reader.Current;
        if (first.Is(';'))
        {
            reader.Take();
            return;
        }

        if (first.Kind == TokenKind.End)
            throw reader.Unexpected("'}'");
        if (first.Kind == TokenKind.Word && first.Text[0] == '.')
        {
            ParseDirective(first.Text);
            return;
        }

        int start = first.Start;
        Operand? guard = null;
        if (reader.TryTake('@'))
        {
            bool negated = reader.TryTake('!');
            Token name = reader.Take();
            guard = new Operand { Kind = OperandKind.Register, Register = FindRegister(name), Negated = negated };
            if (guard.Register!.Type != PtxType.Pred)
                throw new PtxException(name.Line, $"the guard '{name.Text}' is not a predicate.");
        }

        Token word = reader.Take();
        if (word.Kind != TokenKind.Word)
            throw new PtxException(word.Line, $"expected an instruction, found '{word.Text}'.");
        if (guard is null && reader.TryTake(':'))
        {
            if (_scope.DeclaresHere(word.Text))
                throw new PtxException(word.Line, $"'{word.Text}' is declared twice.");
            _scope.Declare(word.Text, new Label(word.Text, function.Body.Count));
            _lastLabel = word.Text;
            return;
        }

        ParseInstruction(word, guard, start);
    }

    private void ParseDirective(string directive)
    {
        switch (directive)
        {
            case ".reg":
                ParseRegisters();
                break;
            case ".loc":
                ParseLocation();
                break;
            case ".pragma":
                reader.Take();
                reader.ExpectString();
                reader.Expect(';');
                break;
            case ".branchtargets":
                ParseBranchTargets();
                break;
            case ".callprototype":
                ParsePrototype();
                break;
            default:
                if (!DeclarationParser.IsSpace(directive))
                    throw new PtxException(reader.Line, $"unknown directive '{directive}'.");
                foreach (Variable variable in declarations.Variables(false))
                {
                    _scope.Declare(variable.Name, variable);
                    function.Variables.Add(variable);
                }

                break;
        }
    }

    /// <summary>A list of labels. The preceding label is its name.</summary>
    private void ParseBranchTargets()
    {
        int line = reader.Line;
        reader.Take();
        List<string> labels = [];
        do
        {
            labels.Add(reader.ExpectWord("a label"));
        }
        while (reader.TryTake(','));
        reader.Expect(';');
        if (!_scope.DeclaresHere(_lastLabel))
            throw new PtxException(line, ".branchtargets has no name.");
        _scope.Declare(_lastLabel, new BranchTargets([.. labels]));
    }

    /// <summary>The signature of functions called through a pointer. The preceding label is its name.</summary>
    private void ParsePrototype()
    {
        int line = reader.Line;
        reader.Take();
        List<Variable> results = reader.Current.Is('(') ? declarations.Parameters(new Scope(null)) : [];
        reader.ExpectWord("the prototype's place of a name");
        List<Variable> parameters = reader.Current.Is('(') ? declarations.Parameters(new Scope(null)) : [];
        reader.TryTake(".noreturn");
        reader.Expect(';');
        if (!_scope.DeclaresHere(_lastLabel))
            throw new PtxException(line, ".callprototype has no name.");
        _scope.Declare(_lastLabel, new CallPrototype([.. results.Select(v => v.Bytes)], [.. parameters.Select(v => v.Bytes)]));
    }

    private void ParseRegisters()
    {
        reader.Take();
        int line = reader.Line;
        string typeName = reader.ExpectWord("a register type");
        PtxType type = PtxTypes.Parse(typeName.TrimStart('.'));
        if (type is PtxType.None or PtxType.TF32)
            throw new PtxException(line, $"registers of type '{typeName}' are not supported.");
        do
        {
            string name = reader.ExpectWord("a register name");
            if (reader.TryTake('<'))
            {
                _scope.DeclareRange(name, reader.ExpectInteger("a count"), type);
                reader.Expect('>');
            }
            else
            {
                _scope.Declare(name, new Register(name, type));
            }
        }
        while (reader.TryTake(','));
        reader.Expect(';');
    }

    private void ParseLocation()
    {
        int line = reader.Line;
        reader.Take();
        _file = reader.ExpectInteger("a file number");
        _fileLine = reader.ExpectInteger("a line");
        if (reader.Current.Kind == TokenKind.Integer)
            reader.Take();

        // The rest (function_name, inlined_at) is on the same line.
        while (reader.Line == line && reader.Current.Kind != TokenKind.End && !reader.Current.Is('}'))
            reader.Take();
    }

    private void ParseInstruction(Token word, Operand? guard, int start)
    {
        string[] opcode = word.Text.Split('.');
        List<Operand> operands = [];
        Operand[] results = [], arguments = [];
        string? callee = null;
        if (opcode[0] == "call")
        {
            (results, callee, arguments) = ParseCall(operands);
        }
        else if (!reader.Current.Is(';'))
        {
            do
            {
                operands.Add(ParseOperand());
            }
            while (reader.TryTake(','));
        }

        int end = reader.Expect(';').End;
        string text = string.Join(' ', reader.Slice(start, end).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        function.Body.Add(new Instruction
        {
            Opcode = opcode,
            Operands = [.. operands],
            Guard = guard,
            Place = new SourcePlace(word.Line, text, files, _file, _fileLine),
            Scope = _scope,
            Results = results,
            Arguments = arguments,
            Callee = callee,
        });
    }

    /// <summary>A call of a function by name, or by an address in a register, which is then the only operand.</summary>
    private (Operand[] Results, string? Callee, Operand[] Arguments) ParseCall(List<Operand> operands)
    {
        Operand[] results = [], arguments = [];
        if (reader.Current.Is('('))
        {
            results = ParseList();
            reader.Expect(',');
        }

        int line = reader.Line;
        string callee = reader.ExpectWord("a function name");
        bool hasMore = reader.TryTake(',');
        if (hasMore && reader.Current.Is('('))
        {
            arguments = ParseList();
            hasMore = reader.TryTake(',');
        }

        if (_scope.Find(callee) is not Register pointer)
            return hasMore ? throw reader.Unexpected("';'") : (results, callee, arguments);
        string name = hasMore ? reader.ExpectWord("the name of a prototype") : "";
        if (_scope.Find(name) is not CallPrototype prototype)
            throw new PtxException(line, $"a call through '{callee}' needs a .callprototype.");
        CheckSizes(prototype.ResultBytes, results, line);
        CheckSizes(prototype.ParameterBytes, arguments, line);
        operands.Add(new Operand { Kind = OperandKind.Register, Register = pointer });
        return (results, null, arguments);
    }

    private static void CheckSizes(int[] bytes, Operand[] given, int line)
    {
        if (!bytes.SequenceEqual(given.Select(o => o.Variable?.Bytes ?? -1)))
            throw new PtxException(line, "the call does not fit its prototype.");
    }

    private Operand[] ParseList()
    {
        List<Operand> items = [];
        reader.Expect('(');
        if (reader.TryTake(')'))
            return [];
        do
        {
            items.Add(ParseOperand());
        }
        while (reader.TryTake(','));
        reader.Expect(')');
        return [.. items];
    }

    private Operand ParseOperand()
    {
        if (reader.TryTake('['))
            return ParseAddress();
        if (reader.TryTake('{'))
        {
            List<Operand> items = [];
            reader.Enter();
            do
            {
                items.Add(ParseOperand());
            }
            while (reader.TryTake(','));
            reader.Leave();
            reader.Expect('}');
            return new Operand { Kind = OperandKind.Vector, Items = [.. items] };
        }

        bool negated = reader.TryTake('!');
        Operand operand = ParseSimple(negated);
        if (reader.TryTake('|'))
            operand = new Operand { Kind = OperandKind.Pair, Items = [operand, ParseSimple(false)] };
        return operand;
    }

    private Operand ParseSimple(bool negated)
    {
        bool minus = reader.TryTake('-');
        Token token = reader.Take();
        switch (token.Kind)
        {
            case TokenKind.Integer:
                long value = (long)token.Bits;
                return new Operand { Kind = OperandKind.Integer, Value = minus ? -value : value };
            case TokenKind.Float:
                bool single = Literal.IsSingle(token);
                return new Operand
                {
                    Kind = single ? OperandKind.Single : OperandKind.Double,
                    Value = (long)Literal.Bits(token, single ? PtxType.F32 : PtxType.F64, minus),
                };
            case TokenKind.Word when !minus:
                return ParseName(token, negated);
            default:
                throw new PtxException(token.Line, $"'{token.Text}' is not an operand.");
        }
    }

    private Operand ParseName(Token token, bool negated)
    {
        if (token.Text == "_")
            return new Operand { Kind = OperandKind.Sink };
        switch (_scope.Find(token.Text))
        {
            case Register register:
                return new Operand { Kind = OperandKind.Register, Register = register, Negated = negated };
            case Function called:
                return new Operand { Kind = OperandKind.Integer, Value = (long)called.Address.Take() };
            case Variable variable:
                long offset = reader.TryTake('+') ? reader.ExpectInteger("an offset") : 0;
                return new Operand { Kind = OperandKind.Variable, Variable = variable, Value = offset };
        }

        if (token.Text[0] == '%')
            return new Operand { Kind = OperandKind.Special, Name = token.Text };
        if (token.Text == "WARP_SZ")
            return new Operand { Kind = OperandKind.Integer, Value = 32 };

        // A label can be defined later. The check at the end of the body reports undefined labels.
        return new Operand { Kind = OperandKind.Label, Name = token.Text };
    }

    private Operand ParseAddress()
    {
        Token token = reader.Take();
        Register? register = null;
        Variable? variable = null;
        long offset = 0;
        if (token.Kind == TokenKind.Integer)
        {
            offset = (long)token.Bits;
        }
        else
        {
            object? found = token.Kind == TokenKind.Word ? _scope.Find(token.Text) : null;
            register = found as Register;
            variable = found as Variable;
            if (register is null && variable is null)
                throw new PtxException(token.Line, $"unknown name '{token.Text}' in an address.");
            bool plus = reader.TryTake('+');
            bool minus = reader.TryTake('-');
            if (plus || minus)
            {
                if (reader.Current.Kind != TokenKind.Integer)
                    throw reader.Unexpected("an offset");
                offset = (long)reader.Take().Bits;
                if (minus)
                    offset = -offset;
            }
        }

        reader.Expect(']');
        return new Operand { Kind = OperandKind.Address, Register = register, Variable = variable, Value = offset };
    }

    private Register FindRegister(Token name) => _scope.Find(name.Text) as Register
        ?? throw new PtxException(name.Line, $"unknown register '{name.Text}'.");

    private void CheckLabels()
    {
        foreach (Instruction instruction in function.Body)
        {
            foreach (Operand operand in instruction.Operands)
            {
                if (operand.Kind != OperandKind.Label)
                    continue;
                object? found = instruction.Scope.Find(operand.Name!);
                bool isKnown = instruction.Opcode[0] == "brx"
                    ? found is BranchTargets targets && Array.TrueForAll(targets.Labels, l => instruction.Scope.Find(l) is Label)
                    : found is Label;
                if (!isKnown)
                    throw new PtxException(instruction.Place.Line, $"unknown name '{operand.Name}'.");
            }
        }
    }
}

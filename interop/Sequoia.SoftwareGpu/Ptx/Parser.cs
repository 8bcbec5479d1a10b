using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Ptx;

/// <summary>Parses module-level PTX. <see cref="BodyParser"/> parses function bodies.</summary>
internal sealed class Parser
{
    /// <summary>The newest supported PTX version.</summary>
    private const int NewestMajor = 8, NewestMinor = 8;

    /// <summary>The newest supported <c>.target</c>. Later targets have other instructions and semantics.</summary>
    private const int NewestTarget = 90;

    private readonly TokenReader _reader;
    private readonly ParsedModule _module = new();
    private readonly Scope _scope = new(null);
    private readonly DeclarationParser _declarations;

    private Parser(string text)
    {
        _reader = new TokenReader(text);
        _declarations = new DeclarationParser(_reader, _scope);
    }

    public static ParsedModule Parse(string text)
    {
        Parser parser = new(text);
        parser.ParseModule();
        return parser._module;
    }

    private void ParseModule()
    {
        ParseVersion();
        while (_reader.Current.Kind != TokenKind.End)
            ParseDirective();
        if (_module.Target.Length == 0)
            throw new PtxException(1, "the module has no .target.");
    }

    private void ParseVersion()
    {
        int line = _reader.Line;
        if (!_reader.TryTake(".version"))
            throw _reader.Unexpected(".version");
        string[] parts = _reader.Take().Text.Split('.');
        if (parts.Length != 2 || !int.TryParse(parts[0], out int major) || !int.TryParse(parts[1], out int minor))
            throw new PtxException(line, ".version needs two numbers.");
        if (major > NewestMajor || (major == NewestMajor && minor > NewestMinor))
            throw new PtxException(line, $"PTX version {major}.{minor} is newer than {NewestMajor}.{NewestMinor}, the newest supported.") { IsUnsupportedVersion = true };
        _module.Version = (major, minor);
    }

    private void ParseDirective()
    {
        Token first = _reader.Current;
        switch (first.Text)
        {
            case ".target":
                ParseTarget();
                break;
            case ".address_size":
                _reader.Take();
                int line = _reader.Line;
                if (_reader.ExpectInteger("the address size") != 64)
                    throw new PtxException(line, "only 64-bit addresses are supported.");
                break;
            case ".file":
                ParseFile();
                break;
            case ".section":
                SkipSection();
                break;
            case ".pragma":
                _reader.Take();
                _reader.ExpectString();
                _reader.Expect(';');
                break;
            default:
                ParseLinked();
                break;
        }
    }

    private void ParseTarget()
    {
        _reader.Take();
        int line = _reader.Line;
        string target = _reader.ExpectWord("a target");
        string digits = target.StartsWith("sm_", StringComparison.Ordinal) ? target[3..].TrimEnd('a') : "";
        if (!int.TryParse(digits, out int number))
            throw new PtxException(line, $"unknown target '{target}'.");
        if (number > NewestTarget)
            throw new PtxException(line, $"target {target} is newer than sm_{NewestTarget}, the newest supported.");
        _module.Target = target;
        while (_reader.TryTake(','))
        {
            string option = _reader.ExpectWord("a target option");
            if (option is not ("debug" or "texmode_independent" or "texmode_unified"))
                throw new PtxException(line, $"unknown target option '{option}'.");
        }
    }

    private void ParseFile()
    {
        _reader.Take();
        int number = _reader.ExpectInteger("a file number");
        _module.Files[number] = _reader.ExpectString();

        // An optional time stamp and size.
        while (_reader.TryTake(','))
            _reader.Take();
    }

    private void SkipSection()
    {
        _reader.Take();
        _reader.ExpectWord("a section name");
        _reader.Expect('{');
        while (!_reader.TryTake('}'))
        {
            if (_reader.Current.Kind == TokenKind.End)
                throw _reader.Unexpected("'}'");
            _reader.Take();
        }
    }

    private void ParseLinked()
    {
        bool isExtern = false;
        while (_reader.Current.Text is ".visible" or ".extern" or ".weak" or ".common")
            isExtern |= _reader.Take().Text == ".extern";
        if (_reader.Current.Text is ".entry" or ".func")
        {
            ParseFunction();
            return;
        }

        foreach (Variable variable in _declarations.Variables(isExtern))
        {
            if (variable.Space is not (StateSpace.Global or StateSpace.Const or StateSpace.Shared))
                throw new PtxException(variable.Line, $"a module cannot declare '{variable.Name}' in this state space.");
            _scope.Declare(variable.Name, variable);
            _module.Symbols.Add(variable);
        }
    }

    private void ParseFunction()
    {
        int line = _reader.Line;
        bool isEntry = _reader.Take().Text == ".entry";
        Scope scope = new(_scope);
        List<Variable> results = !isEntry && _reader.Current.Is('(') ? _declarations.Parameters(scope) : [];
        string name = _reader.ExpectWord("a function name");
        Function? earlier = _module.Functions.GetValueOrDefault(name);
        CodeAddress address = earlier?.Address ?? new CodeAddress(AddressWindows.Code + (16 * ((ulong)_module.Functions.Count + 1)));
        Function function = new() { Name = name, IsEntry = isEntry, Line = line, Address = address };
        function.Results.AddRange(results);
        if (_reader.Current.Is('('))
            function.Parameters.AddRange(_declarations.Parameters(scope));
        ParseTuning(function);
        if (_reader.TryTake(';'))
        {
            if (_module.Functions.TryAdd(name, function))
                _scope.Declare(name, function);
            return;
        }

        if (earlier is { IsDefined: true })
            throw new PtxException(line, $"'{name}' is defined twice.");
        function.IsDefined = true;
        _module.Functions[name] = function;
        _scope.Declare(name, function);
        new BodyParser(_reader, _declarations, function, scope, _module.Files).Parse();
    }

    private void ParseTuning(Function function)
    {
        while (_reader.Current.Kind == TokenKind.Word)
        {
            int line = _reader.Line;
            string directive = _reader.Take().Text;
            switch (directive)
            {
                case ".maxntid":
                    function.MaxThreads = Triple();
                    break;
                case ".reqntid":
                    function.RequiredThreads = Triple();
                    break;
                case ".minnctapersm" or ".maxnreg" or ".maxnctapersm":
                    _reader.ExpectInteger("a number");
                    break;
                case ".noreturn":
                    break;
                case ".pragma":
                    _reader.ExpectString();
                    _reader.Expect(';');
                    break;
                default:
                    throw new PtxException(line, $"unknown function directive '{directive}'.");
            }
        }
    }

    private (int X, int Y, int Z) Triple()
    {
        int x = _reader.ExpectInteger("a number of threads");
        int y = _reader.TryTake(',') ? _reader.ExpectInteger("a number of threads") : 1;
        int z = _reader.TryTake(',') ? _reader.ExpectInteger("a number of threads") : 1;
        return (x, y, z);
    }
}

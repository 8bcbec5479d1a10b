using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Inlines calls of device functions. The parameters of calls are thread-local storage that caller and callee share, so nothing is copied.
/// Functions that are recursive or called through pointers follow the kernel's code instead, each as its own region. Their storage is relative to
/// the frame of the current call.
/// </summary>
internal sealed class Inliner
{
    /// <summary>Limits the growth of inlined code.</summary>
    private const int MaxInstructions = 1 << 18;

    /// <summary>Limits the recursion depth: the inliner calls itself at each call.</summary>
    private const int DeepestCalls = 200;

    /// <summary>The maximum for a thread on every architecture.</summary>
    private const int MaxLocalBytes = 512 * 1024;

    private readonly ParsedModule _module;
    private readonly FlatBody _body = new();
    private readonly Stack<string> _active = new();
    private readonly HashSet<string> _recursive;
    private readonly Dictionary<string, CodeRegion> _regions = [];
    private CodeRegion _region;

    private Inliner(ParsedModule module, Function kernel)
    {
        _module = module;
        _recursive = CallGraph.Recursive(module);
        _region = RegionOf(kernel);
    }

    public static FlatBody Flatten(ParsedModule module, Function kernel)
    {
        Inliner inliner = new(module, kernel);

        // Expanding one region can request more regions.
        List<CodeRegion> regions = inliner._body.Regions;
        for (int k = 0; k < regions.Count; k++)
            inliner.ExpandRegion(regions[k]);
        return inliner._body;
    }

    private void ExpandRegion(CodeRegion region)
    {
        _region = region;
        region.First = _body.Instructions.Count;
        Frame frame = new([], FrameKind.Region);
        if (!region.IsKernel)
        {
            foreach (Variable variable in region.Function.Results)
                region.Results.Add(PlaceLocal(variable, frame));
            foreach (Variable variable in region.Function.Parameters)
                region.Parameters.Add(PlaceLocal(variable, frame));
        }

        foreach (Variable variable in region.Function.Variables)
            PlaceLocal(variable, frame);
        _active.Push(region.Function.Name);
        Expand(region.Function, frame);
        _active.Pop();
        if (_body.Regions.Count > 1)
            AddFinalReturn(region);
    }

    /// <summary>Control that runs off the end of one region must not continue in the next.</summary>
    private void AddFinalReturn(CodeRegion region)
    {
        Instruction source = new()
        {
            Opcode = ["ret"],
            Operands = [],
            Place = new SourcePlace(region.Function.Line, "}", _module.Files, 0, 0),
            Scope = new Scope(null),
        };
        _body.Instructions.Add(new FlatInstruction { Source = source, Operands = [], ReturnsToCaller = !region.IsKernel });
    }

    private CodeRegion RegionOf(Function function)
    {
        if (!_regions.TryGetValue(function.Name, out CodeRegion? region))
        {
            _regions[function.Name] = region = new CodeRegion(function, _body.Regions.Count);
            _body.Regions.Add(region);
        }

        return region;
    }

    private enum FrameKind
    {
        /// <summary>The code of the kernel, or of a function that is not inlined.</summary>
        Region,

        /// <summary>A call that is inlined.</summary>
        Inlined,
    }

    /// <summary>The meaning of the names in one expansion.</summary>
    private sealed class Frame(Dictionary<Variable, Variable> parameters, FrameKind kind)
    {
        public bool IsInlined { get; } = kind == FrameKind.Inlined;

        public Dictionary<Variable, Variable> Variables { get; } = parameters;

        public Dictionary<Register, Register> Registers { get; } = [];
    }

    private static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    private Variable PlaceLocal(Variable variable, Frame frame)
    {
        if (variable.Space is not (StateSpace.Local or StateSpace.Param))
            return variable;
        int offset = Align(_region.FrameBytes, variable.Alignment);
        if (variable.Bytes > MaxLocalBytes - offset)
            throw new PtxException(variable.Line, $"the kernel needs more than {MaxLocalBytes} bytes of local memory.");
        if (!_region.IsKernel && variable.Alignment > CodeRegion.FrameAlignment)
            throw new PtxException(variable.Line, $"'{variable.Name}' of a function that is really called is aligned to more than {CodeRegion.FrameAlignment} bytes.");
        _region.FrameBytes = offset + variable.Bytes;
        return frame.Variables[variable] = new Variable
        {
            Name = variable.Name,
            Space = StateSpace.Local,
            Alignment = variable.Alignment,
            Bytes = variable.Bytes,
            Line = variable.Line,
            Address = (ulong)offset,
            IsPlaced = true,
            IsInFrame = !_region.IsKernel,
        };
    }

    private void Expand(Function function, Frame frame)
    {
        int[] flatIndex = new int[function.Body.Count + 1];
        List<(FlatInstruction Branch, Label Target)> branches = [];
        List<FlatInstruction> returns = [];
        for (int k = 0; k < function.Body.Count; k++)
        {
            flatIndex[k] = _body.Instructions.Count;
            Instruction instruction = function.Body[k];
            if (_body.Instructions.Count > MaxInstructions)
                throw new PtxException(instruction.Place.Line, "the kernel is too large once all calls are expanded.");
            if (instruction.Opcode[0] == "call")
                ExpandCall(instruction, frame);
            else if (instruction.Opcode[0] == "brx")
                ExpandIndexedBranch(instruction, frame, branches);
            else
                Add(instruction, frame, branches, returns);
        }

        flatIndex[function.Body.Count] = _body.Instructions.Count;
        foreach ((FlatInstruction branch, Label target) in branches)
            branch.Target = flatIndex[target.Index];
        foreach (FlatInstruction leave in returns)
            leave.Target = _body.Instructions.Count;
    }

    private void Add(
        Instruction instruction, Frame frame, List<(FlatInstruction Branch, Label Target)> branches, List<FlatInstruction> returns)
    {
        bool isReturn = frame.IsInlined && instruction.Opcode[0] == "ret";
        FlatInstruction flat = new()
        {
            Source = instruction,
            Operands = Array.ConvertAll(instruction.Operands, o => Rename(o, frame)),
            Guard = instruction.Guard is null ? null : Rename(instruction.Guard, frame),
            OpcodeOverride = isReturn ? ["bra", "uni"] : null,
            ReturnsToCaller = !isReturn && !_region.IsKernel && instruction.Opcode[0] == "ret",
        };
        if (isReturn)
            returns.Add(flat);
        if (instruction.Opcode[0] == "bra")
            branches.Add((flat, Target(instruction)));

        _body.Instructions.Add(flat);
    }

    private static Label Target(Instruction branch) => branch.Operands is [{ Kind: OperandKind.Label, Name: { } name }]
        ? Target(branch, name)
        : throw new PtxException(branch.Place.Line, "a branch needs one operand, a label of its function.");

    private static Label Target(Instruction branch, string name) => branch.Scope.Find(name) as Label
        ?? throw new PtxException(branch.Place.Line, $"'{name}' is no label of this function.");

    /// <summary>Lowers brx.idx to a chain of comparisons, so that divergence needs no special rules.</summary>
    private void ExpandIndexedBranch(Instruction instruction, Frame frame, List<(FlatInstruction Branch, Label Target)> branches)
    {
        bool isValid = instruction.Opcode is ["brx", "idx"] or ["brx", "idx", "uni"] && instruction.Guard is null
            && instruction.Operands is [{ Kind: OperandKind.Register }, { Kind: OperandKind.Label }];
        if (!isValid || instruction.Scope.Find(instruction.Operands[1].Name!) is not BranchTargets targets)
            throw new PtxException(instruction.Place.Line, $"'{instruction.Place.Text}' is not a form of 'brx' that is supported.");
        Operand index = Rename(instruction.Operands[0], frame);
        for (int k = 0; k < targets.Labels.Length; k++)
        {
            Operand? guard = null;
            if (k + 1 < targets.Labels.Length)
            {
                guard = new Operand { Kind = OperandKind.Register, Register = new Register($"%brx{k}", PtxType.Pred) };
                Operand number = new() { Kind = OperandKind.Integer, Value = k };
                _body.Instructions.Add(new FlatInstruction { Source = instruction, Operands = [guard, index, number], OpcodeOverride = ["setp", "eq", "u32"] });
            }

            FlatInstruction branch = new() { Source = instruction, Operands = [], Guard = guard, OpcodeOverride = ["bra"] };
            branches.Add((branch, Target(instruction, targets.Labels[k])));
            _body.Instructions.Add(branch);
        }
    }

    private void ExpandCall(Instruction call, Frame frame)
    {
        if (call.Guard is not null)
            throw new PtxException(call.Place.Line, "a guarded call is not supported; branch around it.");
        if (call.Opcode.Length > 2 || (call.Opcode.Length == 2 && call.Opcode[1] != "uni"))
            throw new PtxException(call.Place.Line, $"unknown form '{call.Name}'.");
        Variable[] storage = [.. call.Results.Concat(call.Arguments).Select(o => Storage(o, call, frame))];
        if (call.Callee is null)
        {
            foreach (Function possible in _module.Functions.Values.Where(f => f.IsDefined && !f.IsEntry && f.Address.IsTaken))
                RegionOf(possible);
            AddCall(call, null, storage, frame);
            return;
        }

        if (Decoder.IsBuiltIn(call.Callee))
        {
            _body.Instructions.Add(new FlatInstruction { Source = call, Operands = [], CallStorage = storage });
            return;
        }

        if (!_module.Functions.TryGetValue(call.Callee, out Function? callee) || !callee.IsDefined)
            throw new PtxException(call.Place.Line, $"the function '{call.Callee}' is not defined in this module.");
        if (_active.Count > DeepestCalls)
            throw new PtxException(call.Place.Line, $"calls nest deeper than {DeepestCalls}.");
        if (callee.Results.Count != call.Results.Length || callee.Parameters.Count != call.Arguments.Length)
            throw new PtxException(call.Place.Line, $"'{callee.Name}' is called with the wrong number of parameters.");

        Dictionary<Variable, Variable> parameters = [];
        for (int k = 0; k < storage.Length; k++)
        {
            Variable formal = k < callee.Results.Count ? callee.Results[k] : callee.Parameters[k - callee.Results.Count];
            if (formal.Bytes != storage[k].Bytes)
                throw new PtxException(call.Place.Line, $"'{formal.Name}' has {formal.Bytes} bytes, the argument {storage[k].Bytes}.");
            parameters[formal] = storage[k];
        }

        if (_recursive.Contains(callee.Name))
        {
            AddCall(call, RegionOf(callee), storage, frame);
            return;
        }

        Frame inner = new(parameters, FrameKind.Inlined);
        foreach (Variable variable in callee.Variables)
            PlaceLocal(variable, inner);
        _active.Push(callee.Name);
        Expand(callee, inner);
        _active.Pop();
    }

    private void AddCall(Instruction call, CodeRegion? callee, Variable[] storage, Frame frame)
    {
        FlatCall flat = new()
        {
            Number = _body.Calls.Count,
            Callee = callee,
            Caller = _region,
            Results = storage[..call.Results.Length],
            Arguments = storage[call.Results.Length..],
        };
        _body.Calls.Add(flat);
        _body.Instructions.Add(new FlatInstruction
        {
            Source = call,
            Operands = Array.ConvertAll(call.Operands, o => Rename(o, frame)),
            Call = flat,
        });
    }

    private static Variable Storage(Operand operand, Instruction call, Frame frame) =>
        operand.Kind == OperandKind.Variable && frame.Variables.TryGetValue(operand.Variable!, out Variable? variable)
            ? variable
            : throw new PtxException(call.Place.Line, "a call's operands must be variables in .param space.");

    private static Operand Rename(Operand operand, Frame frame) => new()
    {
        Kind = operand.Kind,
        Register = operand.Register is null ? null : Rename(operand.Register, frame),
        Variable = operand.Variable is null ? null : frame.Variables.GetValueOrDefault(operand.Variable, operand.Variable),
        Name = operand.Name,
        Value = operand.Value,
        Negated = operand.Negated,
        Items = operand.Items.Length == 0 ? [] : Array.ConvertAll(operand.Items, o => Rename(o, frame)),
    };

    private static Register Rename(Register register, Frame frame)
    {
        if (!frame.IsInlined)
            return register;
        if (!frame.Registers.TryGetValue(register, out Register? own))
            frame.Registers[register] = own = new Register(register.Name, register.Type);
        return own;
    }
}

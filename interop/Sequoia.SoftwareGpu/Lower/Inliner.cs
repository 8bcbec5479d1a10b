using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Expands calls of device functions in place. Parameters of calls are thread-local storage that caller and callee
/// share, so nothing is copied.
/// </summary>
internal sealed class Inliner
{
    /// <summary>Expanded code may not grow without end.</summary>
    private const int MaxInstructions = 1 << 18;

    /// <summary>The inliner calls itself at each call.</summary>
    private const int DeepestCalls = 200;

    /// <summary>What a thread can have on every architecture.</summary>
    private const int MaxLocalBytes = 512 * 1024;

    private readonly ParsedModule _module;
    private readonly FlatBody _body = new();
    private readonly Stack<string> _active = new();

    private Inliner(ParsedModule module) => _module = module;

    public static FlatBody Flatten(ParsedModule module, Function kernel)
    {
        Inliner inliner = new(module);
        Frame frame = new(null, false);
        foreach (Variable variable in kernel.Variables)
            inliner.PlaceLocal(variable, frame);
        inliner._active.Push(kernel.Name);
        inliner.Expand(kernel, frame);
        return inliner._body;
    }

    /// <summary>What the names of one expansion stand for.</summary>
    private sealed class Frame(Dictionary<Variable, Variable>? parameters, bool isInlined)
    {
        public bool IsInlined { get; } = isInlined;

        public Dictionary<Variable, Variable> Variables { get; } = parameters ?? [];

        public Dictionary<Register, Register> Registers { get; } = [];
    }

    private static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;

    private void PlaceLocal(Variable variable, Frame frame)
    {
        if (variable.Space is not (StateSpace.Local or StateSpace.Param))
            return;
        int offset = Align(_body.LocalBytes, variable.Alignment);
        if (variable.Bytes > MaxLocalBytes - offset)
            throw new PtxException(variable.Line, $"the kernel needs more than {MaxLocalBytes} bytes of local memory.");
        _body.LocalBytes = offset + variable.Bytes;
        frame.Variables[variable] = new Variable
        {
            Name = variable.Name, Space = StateSpace.Local, Alignment = variable.Alignment, Bytes = variable.Bytes,
            Line = variable.Line, Address = (ulong)offset, IsPlaced = true,
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

    /// <summary>brx.idx as a chain of comparisons: divergence then needs no rules of its own.</summary>
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
        if (Decoder.IsBuiltIn(call.Callee!))
        {
            _body.Instructions.Add(new FlatInstruction { Source = call, Operands = [], CallStorage = storage });
            return;
        }

        if (!_module.Functions.TryGetValue(call.Callee!, out Function? callee) || !callee.IsDefined)
            throw new PtxException(call.Place.Line, $"the function '{call.Callee}' is not defined in this module.");
        if (_active.Contains(callee.Name))
            throw new PtxException(call.Place.Line, $"'{callee.Name}' calls itself; recursion is not supported.");
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

        Frame inner = new(parameters, true);
        foreach (Variable variable in callee.Variables)
            PlaceLocal(variable, inner);
        _active.Push(callee.Name);
        Expand(callee, inner);
        _active.Pop();
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

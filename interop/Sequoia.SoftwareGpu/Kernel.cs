using System.Collections.Concurrent;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu;

/// <summary>A parameter of a kernel.</summary>
/// <param name="Name">The parameter's name in the PTX.</param>
/// <param name="Offset">The parameter's offset in the parameter block.</param>
/// <param name="Bytes">The parameter's size, in bytes.</param>
/// <param name="Alignment">The parameter's alignment, in bytes.</param>
public sealed record KernelParameter(string Name, int Offset, int Bytes, int Alignment);

/// <summary>A kernel in a module.</summary>
public sealed class Kernel
{
    // A register of 32 lanes.
    private const int RegisterFileBytes = 32 * sizeof(uint);

    private const int LargestStack = 1 << 24;

    private const int LeastDynamicAlignment = 16;

    private readonly FlatBody _body;
    private readonly Cfg _cfg;
    private readonly Dictionary<Variable, int> _shared = [];
    private readonly ConcurrentDictionary<Variant, Program> _programs = new();
    private readonly ConcurrentDictionary<Variant, ConcurrentBag<Executor>> _executors = new();

    internal Kernel(ParsedModule module, Function function, DeviceMemory memory)
    {
        Memory = memory;
        Name = function.Name;
        Parameters = [.. function.Parameters.Select(p => new KernelParameter(p.Name, (int)p.Address, p.Bytes, p.Alignment))];
        ParameterBytes = Parameters.Count == 0 ? 0 : Parameters[^1].Offset + Parameters[^1].Bytes;
        if (ParameterBytes > 4096)
            throw new PtxException(function.Line, $"'{Name}' has {ParameterBytes} bytes of parameters; 4096 are the most.");
        MaxThreads = function.MaxThreads;
        RequiredThreads = function.RequiredThreads;
        _body = Inliner.Flatten(module, function);
        StaticSharedBytes = PlaceShared(module, function);
        _cfg = Cfg.Build(_body);

        // The kernel is lowered at load, so that every instruction it cannot decode is reported then.
        Program program = ProgramFor(new Variant(false, false, Numerics.Fast, false));
        Registers = (program.RegisterBytes - program.FixedValues.Sum(value => value.Bytes)) / RegisterFileBytes;
    }

    /// <summary>The kernel's name.</summary>
    public string Name { get; }

    /// <summary>The kernel's parameters, in order.</summary>
    public IReadOnlyList<KernelParameter> Parameters { get; }

    /// <summary>The size of the parameter block, in bytes.</summary>
    public int ParameterBytes { get; }

    /// <summary>The static shared memory per block, in bytes.</summary>
    public int StaticSharedBytes { get; }

    /// <summary>The offset at which dynamic shared memory starts.</summary>
    internal int DynamicSharedStart { get; private set; }

    /// <summary>The local memory per thread, in bytes.</summary>
    public int LocalBytes => _body.LocalBytes;

    /// <summary>The additional local memory of kernels that make actual function calls. All other calls are inlined.</summary>
    internal int StackBytes(LaunchOptions options) =>
        _body.Calls.Count == 0 ? 0 : CodeRegion.FrameAlignment + int.Clamp(options.StackBytes, 0, LargestStack);

    /// <summary>
    /// The number of 32-bit registers that a thread needs at once, according to the PTX. ptxas, which works on a GPU's own instructions, reports
    /// somewhat more.
    /// </summary>
    public int Registers { get; }

    /// <summary>The limit from <c>__launch_bounds__</c>, if the kernel has one.</summary>
    public (int X, int Y, int Z)? MaxThreads { get; }

    /// <summary>The only block size with which the kernel can be launched, if the kernel specifies one.</summary>
    public (int X, int Y, int Z)? RequiredThreads { get; }

    /// <summary>The addresses of the module's symbols.</summary>
    internal DeviceMemory Memory { get; }

    internal Executor Rent(Variant variant)
    {
        ConcurrentBag<Executor> bag = _executors.GetOrAdd(variant, static _ => []);
        return bag.TryTake(out Executor? executor) ? executor : new Executor(ProgramFor(variant));
    }

    internal void Return(Executor executor) =>
        _executors.GetOrAdd(executor.Program.Variant, static _ => []).Add(executor);

    internal void Release()
    {
        foreach (ConcurrentBag<Executor> bag in _executors.Values)
        {
            while (bag.TryTake(out Executor? executor))
                executor.Dispose();
        }
    }

    private Program ProgramFor(Variant variant) =>
        _programs.GetOrAdd(variant, v => Lowering.Lower(_body, _cfg, _shared, v));

    /// <summary>Static variables come first. Dynamic shared memory starts after them, as its declarations are aligned, at least to 16 bytes.</summary>
    private int PlaceShared(ParsedModule module, Function function)
    {
        HashSet<Variable> used = [];
        foreach (FlatInstruction instruction in _body.Instructions)
        {
            foreach (Operand operand in instruction.Operands)
                Collect(operand, used);
        }

        int top = 0;
        foreach (Variable variable in module.Symbols.Concat(function.Variables).Concat(used).Distinct())
        {
            bool isStatic = variable.Space == StateSpace.Shared && !variable.IsExtern;
            if (!isStatic || !(used.Contains(variable) || function.Variables.Contains(variable)))
                continue;
            top = (top + variable.Alignment - 1) / variable.Alignment * variable.Alignment;
            _shared[variable] = top;
            if (variable.Bytes > Launcher.MaxSharedBytes - top)
                throw new PtxException(variable.Line, $"the kernel needs more than {Launcher.MaxSharedBytes} bytes of shared memory.");
            top += variable.Bytes;
        }

        Variable[] dynamic = [.. used.Where(variable => variable.Space == StateSpace.Shared && variable.IsExtern)];
        int alignment = dynamic.Select(variable => variable.Alignment).Append(LeastDynamicAlignment).Max();
        DynamicSharedStart = (top + alignment - 1) / alignment * alignment;
        foreach (Variable variable in dynamic)
            _shared[variable] = DynamicSharedStart;
        return top;
    }

    private static void Collect(Operand operand, HashSet<Variable> used)
    {
        if (operand.Variable is not null)
            used.Add(operand.Variable);
        foreach (Operand item in operand.Items)
            Collect(item, used);
    }
}

using System.Buffers.Binary;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu;

/// <summary>A loaded PTX module: its kernels, and its symbols in device memory.</summary>
public sealed class PtxModule : IDisposable
{
    private readonly Dictionary<string, Kernel> _kernels = [];
    private readonly Dictionary<string, (ulong Address, ulong Bytes)> _symbols = [];
    private readonly List<ulong> _allocations = [];
    private readonly DeviceMemory _memory;

    private PtxModule(DeviceMemory memory) => _memory = memory;

    /// <summary>The kernels by name.</summary>
    public IReadOnlyDictionary<string, Kernel> Kernels => _kernels;

    /// <summary>The symbols in global and constant memory, by name.</summary>
    public IReadOnlyDictionary<string, (ulong Address, ulong Bytes)> Symbols => _symbols;

    /// <summary>Loads PTX text. All of it is decoded here: unsupported PTX is an error at load, not at run time.</summary>
    /// <param name="ptx">The PTX text.</param>
    /// <param name="memory">The memory in which symbols are placed. The module's kernels run on this memory.</param>
    /// <returns>The module.</returns>
    /// <exception cref="PtxException">The PTX is not supported or not valid.</exception>
    public static PtxModule Load(string ptx, DeviceMemory memory)
    {
        ArgumentNullException.ThrowIfNull(ptx);
        ArgumentNullException.ThrowIfNull(memory);
        ParsedModule parsed = Parser.Parse(ptx);
        PtxModule module = new(memory);
        try
        {
            module.PlaceSymbols(parsed);
            foreach (Function function in parsed.Functions.Values)
            {
                if (function.IsEntry && function.IsDefined)
                    module._kernels[function.Name] = new Kernel(parsed, function, memory);
            }
        }
        catch
        {
            module.Dispose();
            throw;
        }

        return module;
    }

    /// <summary>Frees the module's symbols.</summary>
    public void Dispose()
    {
        foreach (ulong address in _allocations)
        {
            if (_memory.TryFind(address, out _, out _))
                _memory.Free(address);
        }

        _allocations.Clear();
        foreach (Kernel kernel in _kernels.Values)
            kernel.Release();
    }

    private void PlaceSymbols(ParsedModule parsed)
    {
        foreach (Variable symbol in parsed.Symbols)
        {
            if (symbol.Space == StateSpace.Shared || symbol.IsExtern)
                continue;
            symbol.Address = _memory.Allocate((ulong)int.Max(1, symbol.Bytes));
            symbol.IsPlaced = true;
            _allocations.Add(symbol.Address);
            _symbols[symbol.Name] = (symbol.Address, (ulong)symbol.Bytes);
        }

        foreach (Variable symbol in parsed.Symbols)
        {
            if (symbol.IsPlaced)
                Initialize(symbol);
        }
    }

    /// <summary>Symbols without an initializer are zero.</summary>
    private void Initialize(Variable symbol)
    {
        _memory.Zero(symbol.Address);
        if (symbol.Initializer is { } bytes)
        {
            foreach ((int offset, string name, long addend) in symbol.Relocations)
            {
                if (!_symbols.TryGetValue(name, out (ulong Address, ulong Bytes) target) || offset + 8 > bytes.Length)
                    throw new PtxException(symbol.Line, $"'{symbol.Name}' holds the address of '{name}', which is not defined here.");
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(offset), target.Address + (ulong)addend);
            }

            _memory.Write(symbol.Address, bytes);
        }

        if (symbol.Space == StateSpace.Const)
            _memory.Protect(symbol.Address);
    }
}

using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    /// <summary>An address operand: a register or constant, plus a constant.</summary>
    private (Value Base, long Offset, bool IsWide) Address(int index, StateSpace space)
    {
        Operand operand = Operand(index);
        if (operand.Kind != OperandKind.Address)
            throw _instruction.Error("this operand must be an address in brackets");
        if (operand.Variable is { } variable)
        {
            bool matches = variable.Space == space || (space == StateSpace.Generic && variable.Space is StateSpace.Global or StateSpace.Const);
            if (!matches)
                throw _instruction.Error($"'{variable.Name}' is in another state space");
            if (variable.IsInFrame)
                return (lowering.Frame, (long)variable.Address + operand.Value, true);
            return (lowering.Constant(Width.Long, lowering.AddressOf(variable, _instruction)), operand.Value, true);
        }

        if (operand.Register is not { } register)
            return (lowering.Constant(Width.Long, 0), operand.Value, true);
        if (register.Type.Bits is not (32 or 64) || register.Type.IsFloat)
            throw _instruction.Error($"'{register.Name}' cannot hold an address");
        return (lowering.ForRegister(register), operand.Value, register.Type.Bits == 64);
    }

    /// <summary>Parameters of calls are local storage. Only a kernel's own parameters are in parameter space.</summary>
    private StateSpace ResolveSpace(StateSpace space, int addressIndex) =>
        space == StateSpace.Param && Operand(addressIndex).Variable is { Space: StateSpace.Local } ? StateSpace.Local : space;

    /// <summary>
    /// Cache hints have no effect here. In-order execution satisfies semantics and scopes. Returns the number of operands that the hints add.
    /// </summary>
    private int TakeCacheHints()
    {
        _opcode.TakeAny("L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate");
        bool hasPolicy = _opcode.Take("L2::cache_hint");
        _opcode.TakeAny("L2::64B", "L2::128B", "L2::256B");
        return hasPolicy ? 1 : 0;
    }

    private (StateSpace Space, int Elements, PtxType Type, Ordering Ordering, int Hints) AccessModifiers(bool isLoad)
    {
        bool isVolatile = _opcode.Take("volatile");
        bool isRelaxed = !isVolatile && _opcode.Take("relaxed");
        bool isOrdered = !isVolatile && !isRelaxed && _opcode.Take(isLoad ? "acquire" : "release");
        bool isWeak = !isVolatile && !isRelaxed && !isOrdered && _opcode.Take("weak");
        string scope = isRelaxed || isOrdered ? _opcode.TakeAny("cta", "cluster", "gpu", "sys") : "none";
        if (scope.Length == 0)
            throw _opcode.Unknown();
        Ordering ordering = isOrdered && !isLoad && scope is "gpu" or "sys" ? Ordering.Release
            : isVolatile || isRelaxed || isOrdered ? Ordering.Synchronizing : Ordering.None;
        StateSpace space = Space(_opcode);
        if (!isVolatile && !isRelaxed && !isOrdered && !isWeak)
        {
            if (isLoad)
                _opcode.TakeAny("ca", "cg", "cs", "lu", "cv");
            else
                _opcode.TakeAny("wb", "cg", "cs", "wt");
        }

        if (isLoad && space is StateSpace.Global or StateSpace.Generic)
            _opcode.Take("nc");
        int hints = TakeCacheHints();
        string vector = _opcode.TakeAny("v2", "v4");
        int elements = vector.Length == 0 ? 1 : vector[1] - '0';
        PtxType type = _opcode.Type();
        _opcode.End();
        if (type is PtxType.Pred or PtxType.F16X2 or PtxType.BF16X2 or PtxType.TF32 or PtxType.F16 or PtxType.BF16 || elements * type.Bits > 128)
            throw _opcode.Unknown();
        return (space, elements, type, ordering, hints);
    }

    private Op DecodeLoad()
    {
        (StateSpace space, int elements, PtxType type, Ordering ordering, int hints) = AccessModifiers(true);
        Count(2 + hints);
        space = ResolveSpace(space, 1);
        (Value address, long offset, bool wide) = Address(1, space);
        Value[] results = Registers(Operand(0), elements, (operand, _) => Result(operand, type, true));
        bool isLong = results[0].Width == Width.Long;
        if (Array.Exists(results, r => (r.Width == Width.Long) != isLong))
            throw _instruction.Error("the registers of a vector must have one width");
        ElementUse use = new(true, elements > 1);
        bool isShort = Operand(0) is { Register.Type.Bits: 16 } or { Kind: OperandKind.Vector, Items: [{ Register.Type.Bits: 16 }, ..] };
        return new Op
        {
            Run = Access(space, wide, type, isLong, isShort, use),
            D = elements == 1 ? results[0] : null,
            Extra = elements == 1 ? [] : results,
            ExtraResults = elements == 1 ? 0 : elements,
            A = address,
            RawB = elements * type.Bytes,
            RawC = elements,
            RawE = (int)ordering,
            Immediate = offset,
            Memos = 1,
        };
    }

    private Op DecodeStore()
    {
        (StateSpace space, int elements, PtxType type, Ordering ordering, int hints) = AccessModifiers(false);
        Count(2 + hints);
        space = ResolveSpace(space, 0);
        if (space == StateSpace.Const)
            throw _opcode.Unknown();
        (Value address, long offset, bool wide) = Address(0, space);
        if (space == StateSpace.Param)
            throw _instruction.Error("a kernel's parameters cannot be written");
        Value[] sources = Registers(Operand(1), elements, (operand, _) => Source(operand, type, true));
        bool isLong = sources[0].Width == Width.Long;
        if (Array.Exists(sources, r => (r.Width == Width.Long) != isLong))
            throw _instruction.Error("the registers of a vector must have one width");
        ElementUse use = new(false, elements > 1);
        return new Op
        {
            Run = Access(space, wide, type, isLong, false, use),
            D = elements == 1 ? sources[0] : null,
            DIsRead = true,
            Extra = elements == 1 ? [] : sources,
            A = address,
            RawB = elements * type.Bytes,
            RawC = elements,
            RawE = (int)ordering,
            Immediate = offset,
            Memos = 1,
        };
    }

    private Value[] Registers(Operand operand, int count, Func<Operand, int, Value> read)
    {
        Operand[] items = operand.Kind == OperandKind.Vector ? operand.Items : [operand];
        if (items.Length != count)
            throw _instruction.Error($"{count} registers are expected, {items.Length} are given");
        return [.. items.Select(read)];
    }

    private readonly record struct ElementUse(bool IsLoad, bool IsVector);

    private Handler Access(StateSpace space, bool wide, PtxType type, bool isLong, bool isShort, ElementUse use) =>
        wide ? AccessIn<Wide>(space, type, isLong, isShort, use) : AccessIn<Narrow>(space, type, isLong, isShort, use);

    private Handler AccessIn<TWidth>(StateSpace space, PtxType type, bool isLong, bool isShort, ElementUse use)
        where TWidth : struct, IAddressWidth => space switch
        {
            StateSpace.Global or StateSpace.Const => AccessBy<TWidth, GlobalSpace>(type, isLong, isShort, use),
            StateSpace.Shared => AccessBy<TWidth, SharedSpace>(type, isLong, isShort, use),
            StateSpace.Local => AccessAs<TWidth, LocalSpace, Bare>(type, isLong, isShort, use),
            StateSpace.Param => AccessAs<TWidth, ParamSpace, Bare>(type, isLong, isShort, use),
            _ => AccessBy<TWidth, GenericSpace>(type, isLong, isShort, use),
        };

    private Handler AccessBy<TWidth, TSpace>(PtxType type, bool isLong, bool isShort, ElementUse use)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace => (variant.Checks, variant.Counts) switch
        {
            (false, false) => AccessAs<TWidth, TSpace, Bare>(type, isLong, isShort, use),
            (true, false) => AccessAs<TWidth, TSpace, Checked>(type, isLong, isShort, use),
            (false, true) => AccessAs<TWidth, TSpace, Counted>(type, isLong, isShort, use),
            (true, true) => AccessAs<TWidth, TSpace, CheckedCounted>(type, isLong, isShort, use),
        };

    private Handler AccessAs<TWidth, TSpace, TMode>(PtxType type, bool isLong, bool isShort, ElementUse use)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode => (type.Bits, type.IsSigned, isLong) switch
        {
            (64, _, true) => Pick<TWidth, TSpace, TMode, ulong, Elements.Long>(use),
            (32, _, false) => Pick<TWidth, TSpace, TMode, uint, Elements.Word>(use),
            (32, true, true) => Pick<TWidth, TSpace, TMode, ulong, Elements.Sign64<Elements.Word>>(use),
            (32, false, true) => Pick<TWidth, TSpace, TMode, ulong, Elements.Zero64<Elements.Word>>(use),
            (16, true, false) when !isShort => Pick<TWidth, TSpace, TMode, uint, Elements.SignedHalf>(use),
            (16, _, false) => Pick<TWidth, TSpace, TMode, uint, Elements.Half>(use),
            (16, true, true) => Pick<TWidth, TSpace, TMode, ulong, Elements.Sign64<Elements.SignedHalf>>(use),
            (16, false, true) => Pick<TWidth, TSpace, TMode, ulong, Elements.Zero64<Elements.Half>>(use),
            (8, true, false) when isShort => Pick<TWidth, TSpace, TMode, uint, Elements.SignedByteToShort>(use),
            (8, true, false) => Pick<TWidth, TSpace, TMode, uint, Elements.SignedByte>(use),
            (8, false, false) => Pick<TWidth, TSpace, TMode, uint, Elements.Byte>(use),
            (8, true, true) => Pick<TWidth, TSpace, TMode, ulong, Elements.Sign64<Elements.SignedByte>>(use),
            (8, false, true) => Pick<TWidth, TSpace, TMode, ulong, Elements.Zero64<Elements.Byte>>(use),
            _ => throw _opcode.Unknown(),
        };

    private static Handler Pick<TWidth, TSpace, TMode, TRegister, TElement>(ElementUse use)
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TMode : struct, IMode
        where TRegister : unmanaged
        where TElement : struct, IElement<TRegister> => (use.IsLoad, use.IsVector) switch
        {
            (true, false) => H(&LoadStore.Load<TWidth, TSpace, TMode, TRegister, TElement>),
            (true, true) => H(&LoadStore.LoadVector<TWidth, TSpace, TMode, TRegister, TElement>),
            (false, false) => H(&LoadStore.Store<TWidth, TSpace, TMode, TRegister, TElement>),
            (false, true) => H(&LoadStore.StoreVector<TWidth, TSpace, TMode, TRegister, TElement>),
        };
}

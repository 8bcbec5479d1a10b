using Sequoia.SoftwareGpu.Check;
using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeAtomic()
    {
        bool hasResult = _opcode.Name == "atom";
        bool releases = _opcode.TakeAny("relaxed", "acquire", "release", "acq_rel") is "release" or "acq_rel";
        string scope = _opcode.TakeAny("cta", "cluster", "gpu", "sys");
        StateSpace space = Space(_opcode);

        // The scope can precede or follow the space, and old compilers write the space after the operation.
        scope += _opcode.TakeAny("cta", "cluster", "gpu", "sys");
        Ordering ordering = releases && scope is not ("cta" or "cluster") ? Ordering.Release : Ordering.Synchronizing;
        string operation = _opcode.TakeAny("add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec");
        if (space == StateSpace.Generic)
            space = Space(_opcode);
        if (space is not (StateSpace.Global or StateSpace.Shared or StateSpace.Generic))
            throw _opcode.Unknown();
        bool noFlush = operation == "add" && _opcode.Take("noftz");
        PtxType type = _opcode.Type();
        _opcode.End();
        if (noFlush != type is PtxType.F16X2 or PtxType.BF16X2 || (!hasResult && operation is "cas" or "exch"))
            throw _opcode.Unknown();
        if (type == PtxType.B16)
            return hasResult && operation == "cas" ? DecodeShortCas(space, ordering) : throw _opcode.Unknown();
        int at = hasResult ? 1 : 0;
        bool isCas = operation == "cas";
        Count(at + (isCas ? 3 : 2));
        PtxType register = type.Bits == 64 ? PtxType.B64 : PtxType.B32;
        (Value address, long offset, bool wide) = Address(at, space);
        return new Op
        {
            Run = AtomicHandler(operation, type, space, wide),
            D = hasResult ? Result(0, register) : lowering.Scratch(WidthOf(register)),
            A = address,
            B = Source(at + 1, type is PtxType.F16X2 or PtxType.BF16X2 ? PtxType.B32 : type),
            C = isCas ? Source(at + 2, type) : null,
            RawE = (int)ordering,
            Immediate = offset,
            Memos = 1,
        };
    }

    private Op DecodeShortCas(StateSpace space, Ordering ordering)
    {
        Count(4);
        (Value address, long offset, bool wide) = Address(1, space);
        if (!wide)
            throw _instruction.Error("a 16-bit atomic needs a 64-bit address");
        Handler run = space switch
        {
            StateSpace.Global => ShortCas<GlobalSpace>(),
            StateSpace.Shared => ShortCas<SharedSpace>(),
            _ => ShortCas<GenericSpace>(),
        };
        return new Op
        {
            Run = run,
            D = Result(0, PtxType.B16),
            A = address,
            B = Source(2, PtxType.B16),
            C = Source(3, PtxType.B16),
            RawE = (int)ordering,
            Immediate = offset,
            Memos = 1,
        };
    }

    private Handler ShortCas<TSpace>()
        where TSpace : struct, ISpace => (variant.Checks, variant.Counts) switch
        {
            (false, false) => H(&AtomicAccess.ShortCas<TSpace, Bare>),
            (true, false) => H(&AtomicAccess.ShortCas<TSpace, Checked>),
            (false, true) => H(&AtomicAccess.ShortCas<TSpace, Counted>),
            (true, true) => H(&AtomicAccess.ShortCas<TSpace, CheckedCounted>),
        };

    private Handler AtomicHandler(string operation, PtxType type, StateSpace space, bool wide) => (operation, type) switch
    {
        ("add", PtxType.U32 or PtxType.S32) => Atomic32<Atomics.Add32>(space, wide),
        ("add", PtxType.U64 or PtxType.S64) => Atomic64<Atomics.Add64>(space, wide),
        ("add", PtxType.F32) => space == StateSpace.Shared ? Atomic32<Atomics.AddSingle>(space, wide) : Atomic32<Atomics.AddSingleFlushed>(space, wide),
        ("add", PtxType.F64) => Atomic64<Atomics.AddDouble>(space, wide),
        ("add", PtxType.F16X2) => Atomic32<Atomics.AddPair<HalfPair>>(space, wide),
        ("add", PtxType.BF16X2) => Atomic32<Atomics.AddPair<BFloatPair>>(space, wide),
        ("min", PtxType.U32) => Atomic32<Atomics.MinU32>(space, wide),
        ("min", PtxType.S32) => Atomic32<Atomics.MinS32>(space, wide),
        ("min", PtxType.U64) => Atomic64<Atomics.MinU64>(space, wide),
        ("min", PtxType.S64) => Atomic64<Atomics.MinS64>(space, wide),
        ("max", PtxType.U32) => Atomic32<Atomics.MaxU32>(space, wide),
        ("max", PtxType.S32) => Atomic32<Atomics.MaxS32>(space, wide),
        ("max", PtxType.U64) => Atomic64<Atomics.MaxU64>(space, wide),
        ("max", PtxType.S64) => Atomic64<Atomics.MaxS64>(space, wide),
        ("and", PtxType.B32) => Atomic32<Atomics.And32>(space, wide),
        ("and", PtxType.B64) => Atomic64<Atomics.And64>(space, wide),
        ("or", PtxType.B32) => Atomic32<Atomics.Or32>(space, wide),
        ("or", PtxType.B64) => Atomic64<Atomics.Or64>(space, wide),
        ("xor", PtxType.B32) => Atomic32<Atomics.Xor32>(space, wide),
        ("xor", PtxType.B64) => Atomic64<Atomics.Xor64>(space, wide),
        ("exch", PtxType.B32) => Atomic32<Atomics.Exchange32>(space, wide),
        ("exch", PtxType.B64) => Atomic64<Atomics.Exchange64>(space, wide),
        ("cas", PtxType.B32) => Atomic32<Atomics.Cas32>(space, wide),
        ("cas", PtxType.B64) => Atomic64<Atomics.Cas64>(space, wide),
        ("inc", PtxType.U32) => Atomic32<Atomics.Inc32>(space, wide),
        ("dec", PtxType.U32) => Atomic32<Atomics.Dec32>(space, wide),
        _ => throw _opcode.Unknown(),
    };

    private Handler Atomic32<T>(StateSpace space, bool wide)
        where T : struct, IAtomic<uint> => wide ? Atomic<Wide, uint, T>(space) : Atomic<Narrow, uint, T>(space);

    private Handler Atomic64<T>(StateSpace space, bool wide)
        where T : struct, IAtomic<ulong> => wide ? Atomic<Wide, ulong, T>(space) : Atomic<Narrow, ulong, T>(space);

    private Handler Atomic<TWidth, TValue, T>(StateSpace space)
        where TWidth : struct, IAddressWidth
        where TValue : unmanaged
        where T : struct, IAtomic<TValue> => space switch
        {
            StateSpace.Global => AtomicIn<TWidth, GlobalSpace, TValue, T>(),
            StateSpace.Shared => AtomicIn<TWidth, SharedSpace, TValue, T>(),
            _ => AtomicIn<TWidth, GenericSpace, TValue, T>(),
        };

    private Handler AtomicIn<TWidth, TSpace, TValue, T>()
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace
        where TValue : unmanaged
        where T : struct, IAtomic<TValue> => (variant.Checks, variant.Counts) switch
        {
            (false, false) => H(&AtomicAccess.Run<TWidth, TSpace, Bare, TValue, T>),
            (true, false) => H(&AtomicAccess.Run<TWidth, TSpace, Checked, TValue, T>),
            (false, true) => H(&AtomicAccess.Run<TWidth, TSpace, Counted, TValue, T>),
            (true, true) => H(&AtomicAccess.Run<TWidth, TSpace, CheckedCounted, TValue, T>),
        };
}

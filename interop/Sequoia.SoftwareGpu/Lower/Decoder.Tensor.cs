using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Mem;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeMma()
    {
        _opcode.Require("sync");
        _opcode.Require("aligned");
        string shape = _opcode.TakeAny("m16n8k16", "m16n8k8", "m16n8k32");
        _opcode.Require("row");
        _opcode.Require("col");
        bool saturates = _opcode.Take("satfinite");
        PtxType d = _opcode.Type(PtxType.F32, PtxType.S32);
        ReadOnlySpan<PtxType> factors = [PtxType.F16, PtxType.BF16, PtxType.TF32, PtxType.S8, PtxType.U8];
        PtxType a = _opcode.Type(factors), b = _opcode.Type(factors), c = _opcode.Type(PtxType.F32, PtxType.S32);
        _opcode.End();
        Count(4);
        bool isInteger = a is PtxType.S8 or PtxType.U8;
        if (c != d || (d == PtxType.S32) != isInteger || (!isInteger && (a != b || saturates)))
            throw _opcode.Unknown();
        (Handler run, int aCount, int bCount) = (shape, a, b) switch
        {
            ("m16n8k16", PtxType.F16, _) => (Mma<TensorF16>(2), 4, 2),
            ("m16n8k16", PtxType.BF16, _) => (Mma<TensorBF16>(2), 4, 2),
            ("m16n8k8", PtxType.F16, _) => (Mma<TensorF16>(1), 2, 1),
            ("m16n8k8", PtxType.BF16, _) => (Mma<TensorBF16>(1), 2, 1),
            ("m16n8k8", PtxType.TF32, _) => (MmaTf32(), 4, 2),
            ("m16n8k32", PtxType.S8 or PtxType.U8, PtxType.S8 or PtxType.U8) => (H(&TensorInteger.Run), 4, 2),
            _ => throw _opcode.Unknown(),
        };
        PtxType accumulator = isInteger ? PtxType.B32 : PtxType.F32;
        Value[] results = Registers(Operand(0), 4, (o, _) => Result(o, accumulator, false));
        Value[] left = Registers(Operand(1), aCount, (o, _) => Source(o, PtxType.B32, false));
        Value[] right = Registers(Operand(2), bCount, (o, _) => Source(o, PtxType.B32, false));
        Value[] sum = Registers(Operand(3), 4, (o, _) => Source(o, accumulator, false));
        int flags = (a == PtxType.S8 ? 1 : 0) | (b == PtxType.S8 ? 2 : 0) | (saturates ? 4 : 0);
        return new Op
        {
            Run = run,
            Kind = InstKind.Sync,
            RawB = (int)SyncRule.All,
            Immediate = flags,
            Extra = [.. results, .. left, .. right, .. sum],
            ExtraResults = 4,
        };
    }

    private Handler Mma<T>(int chunks)
        where T : struct, ITensorFormat => (chunks, variant.Numerics) switch
        {
            (1, Numerics.Fast) => H(&Tensor.RunHalf<T, OneChunk>),
            (2, Numerics.Fast) => H(&Tensor.RunHalf<T, TwoChunks>),
            (1, Numerics.Ampere) => H(&TensorExact.RunHalf<T, OneChunk, AmpereSum>),
            (2, Numerics.Ampere) => H(&TensorExact.RunHalf<T, TwoChunks, AmpereSum>),
            (1, _) => H(&TensorExact.RunHalf<T, OneChunk, HopperSum>),
            _ => H(&TensorExact.RunHalf<T, TwoChunks, HopperSum>),
        };

    private Handler MmaTf32() => variant.Numerics switch
    {
        Numerics.Fast => H(&Tensor.RunTf32),
        Numerics.Ampere => H(&TensorExact.RunTf32<AmpereSum>),
        _ => H(&TensorExact.RunTf32<HopperSum>),
    };

    private Op DecodeLoadMatrix()
    {
        _opcode.Require("sync");
        _opcode.Require("aligned");
        _opcode.Require("m8n8");
        string count = _opcode.TakeAny("x1", "x2", "x4");
        bool transposes = _opcode.Take("trans");
        StateSpace space = Space(_opcode);
        _opcode.Require("b16");
        _opcode.End();
        if (count.Length == 0 || space is not (StateSpace.Shared or StateSpace.Generic))
            throw _opcode.Unknown();
        int matrices = count[1] - '0';
        Count(2);
        (Value address, long offset, bool wide) = Address(1, space);
        Value[] results = Registers(Operand(0), matrices, (o, _) => Result(o, PtxType.B32, false));
        return new Op
        {
            Run = wide ? MatrixHandler<Wide>(space) : MatrixHandler<Narrow>(space),
            Kind = InstKind.Sync,
            RawB = (int)SyncRule.All,
            A = address,
            RawC = matrices | (transposes ? 0x100 : 0),
            Immediate = offset,
            Extra = results,
            ExtraResults = matrices,
            Memos = 1,
        };
    }

    private Handler MatrixHandler<TWidth>(StateSpace space)
        where TWidth : struct, IAddressWidth =>
        space == StateSpace.Shared ? MatrixIn<TWidth, SharedSpace>() : MatrixIn<TWidth, GenericSpace>();

    private Handler MatrixIn<TWidth, TSpace>()
        where TWidth : struct, IAddressWidth
        where TSpace : struct, ISpace => (variant.Checks, variant.Counts) switch
        {
            (false, false) => H(&LoadMatrix.Run<TWidth, TSpace, Bare>),
            (true, false) => H(&LoadMatrix.Run<TWidth, TSpace, Checked>),
            (false, true) => H(&LoadMatrix.Run<TWidth, TSpace, Counted>),
            (true, true) => H(&LoadMatrix.Run<TWidth, TSpace, CheckedCounted>),
        };

    private Op DecodeAsyncCopy()
    {
        _opcode.Require("async");
        switch (_opcode.TakeAny("bulk", "commit_group", "wait_group", "wait_all"))
        {
            case "bulk":
                return DecodeBulkCopy();
            case "commit_group":
                _opcode.End();
                Count(0);
                return new Op { Run = H(&AsyncCopyOps.Commit) };
            case "wait_all":
                _opcode.End();
                Count(0);
                return new Op { Run = H(&AsyncCopyOps.Wait), Immediate = -1 };
            case "wait_group":
                _opcode.End();
                Count(1);
                if (Operand(0) is not { Kind: OperandKind.Integer, Value: >= 0 and < int.MaxValue } groups)
                    throw _instruction.Error("wait_group needs a number");
                return new Op { Run = H(&AsyncCopyOps.Wait), Immediate = groups.Value };
        }

        string level = _opcode.TakeAny("cg", "ca");
        bool isCg = level == "cg";
        if (level.Length == 0 || Space(_opcode) != StateSpace.Shared || Space(_opcode) != StateSpace.Global)
            throw _opcode.Unknown();
        int operands = _instruction.Operands.Length - TakeCacheHints();
        _opcode.End();
        if (operands is not (3 or 4) || Operand(2) is not { Kind: OperandKind.Integer } size)
            throw _instruction.Error("cp.async needs two addresses and a size");
        if (size.Value is not (4 or 8 or 16) || (isCg && size.Value != 16))
            throw _instruction.Error($"cp.async{(isCg ? ".cg" : "")} cannot copy {size.Value} bytes");
        (Value to, long toOffset, bool toWide) = Address(0, StateSpace.Shared);
        (Value from, long fromOffset, bool fromWide) = Address(1, StateSpace.Global);
        if (!fromWide || toOffset is < int.MinValue or > int.MaxValue || fromOffset is < int.MinValue or > int.MaxValue)
            throw _instruction.Error("these addresses are not supported");
        return new Op
        {
            Run = toWide ? AsyncHandler<Wide>() : AsyncHandler<Narrow>(),
            A = to,
            B = from,
            RawE = (int)size.Value,
            C = operands == 4 ? Source(3, PtxType.U32) : lowering.Constant(Width.Word, (ulong)size.Value),
            Immediate = (toOffset << 32) | (uint)fromOffset,
            Memos = 2,
        };
    }

    private Handler AsyncHandler<TWidth>()
        where TWidth : struct, IAddressWidth => (variant.Checks, variant.Counts) switch
        {
            (false, false) => H(&AsyncCopyOps.Issue<TWidth, Bare>),
            (true, false) => H(&AsyncCopyOps.Issue<TWidth, Checked>),
            (false, true) => H(&AsyncCopyOps.Issue<TWidth, Counted>),
            (true, true) => H(&AsyncCopyOps.Issue<TWidth, CheckedCounted>),
        };
}

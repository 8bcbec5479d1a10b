using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    /// <summary>m64nNk16 for each N that the instruction has.</summary>
    private static readonly string[] WarpgroupShapes = [.. Enumerable.Range(1, 32).Select(k => $"m64n{8 * k}k16")];

    private Op DecodeWarpgroupProduct()
    {
        string operation = _opcode.TakeAny("fence", "mma_async", "commit_group", "wait_group");
        _opcode.Require("sync");
        _opcode.Require("aligned");
        switch (operation)
        {
            case "fence":
                return WarpgroupControl(H(&WarpgroupProduct.Fence));
            case "commit_group":
                return WarpgroupControl(H(&WarpgroupProduct.Commit));
            case "wait_group":
                _opcode.End();
                Count(1);
                if (Operand(0) is not { Kind: OperandKind.Integer, Value: >= 0 and < int.MaxValue } groups)
                    throw _instruction.Error("wait_group needs a number");
                return new Op { Run = H(&WarpgroupProduct.Wait), Kind = InstKind.Sync, RawB = (int)SyncRule.All, Immediate = groups.Value };
            case "mma_async":
                return DecodeWarpgroupMma();
            default:
                throw _opcode.Unknown();
        }
    }

    private Op WarpgroupControl(Handler run)
    {
        _opcode.End();
        Count(0);
        return new Op { Run = run, Kind = InstKind.Sync, RawB = (int)SyncRule.All };
    }

    private Op DecodeWarpgroupMma()
    {
        int columns = 8 * (Array.IndexOf(WarpgroupShapes, _opcode.TakeAny(WarpgroupShapes)) + 1);
        _opcode.Require("f32");
        PtxType type = _opcode.Type(PtxType.F16, PtxType.BF16);
        if (_opcode.Type(PtxType.F16, PtxType.BF16) != type || columns == 0)
            throw _opcode.Unknown();
        _opcode.End();
        Count(8);
        if (Operand(1).Kind == OperandKind.Vector)
            throw _instruction.Error("A in registers is not supported");
        if (Operand(6) is not { Kind: OperandKind.Integer, Value: 0 } || Operand(7) is not { Kind: OperandKind.Integer, Value: 0 })
            throw _instruction.Error("only operands with k contiguous are supported: the last two operands must be 0");
        Value[] sums = Registers(Operand(0), columns / 2, (o, _) => Result(o, PtxType.F32, false));
        foreach (Value sum in sums)
            sum.IsPinned = true;
        (Value adds, uint flip) = Predicate(3);
        return new Op
        {
            Run = (type, variant.Numerics) switch
            {
                (PtxType.F16, Numerics.Fast) => H(&WarpgroupProduct.Issue<FastProduct<TensorF16>>),
                (PtxType.F16, Numerics.Ampere) => H(&WarpgroupProduct.Issue<ExactProduct<TensorF16, AmpereSum>>),
                (PtxType.F16, _) => H(&WarpgroupProduct.Issue<ExactProduct<TensorF16, HopperSum>>),
                (_, Numerics.Fast) => H(&WarpgroupProduct.Issue<FastProduct<TensorBF16>>),
                (_, Numerics.Ampere) => H(&WarpgroupProduct.Issue<ExactProduct<TensorBF16, AmpereSum>>),
                _ => H(&WarpgroupProduct.Issue<ExactProduct<TensorBF16, HopperSum>>),
            },
            Kind = InstKind.Sync,
            RawB = (int)SyncRule.All,
            C = adds,
            RawE = columns,
            Extra = [.. sums, .. sums, Source(1, PtxType.B64), Source(2, PtxType.B64)],
            ExtraResults = sums.Length,
            Immediate = (flip != 0 ? WarpgroupProduct.Flip : 0L) | Negation(4, WarpgroupProduct.NegateLeft) | Negation(5, WarpgroupProduct.NegateRight),
            Memos = 1,
        };
    }

    private long Negation(int index, int flag) => Operand(index) switch
    {
        { Kind: OperandKind.Integer, Value: 1 } => 0,
        { Kind: OperandKind.Integer, Value: -1 } => flag,
        _ => throw _instruction.Error("the scales of wgmma's operands are 1 or -1"),
    };

    private readonly struct FastProduct<T> : IMultiply
        where T : struct, ITensorFormat
    {
        public static delegate*<byte*, int*, void> Function => &Tensor.Multiply<T, TwoChunks>;
    }

    private readonly struct ExactProduct<T, TSum> : IMultiply
        where T : struct, ITensorFormat
        where TSum : struct, ITensorSum
    {
        public static delegate*<byte*, int*, void> Function => &TensorExact.Multiply<T, TwoChunks, TSum>;
    }
}

using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Ops;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    private Op DecodeControl()
    {
        switch (_opcode.Name)
        {
            case "bra":
                _opcode.Take("uni");
                _opcode.End();
                if (_instruction.Target < 0)
                    throw _instruction.Error("the branch has no target");
                return new Op { Run = default, Kind = InstKind.Branch };
            case "ret":
                _opcode.Take("uni");
                _opcode.End();
                Count(0);
                return new Op { Run = default, Kind = _instruction.ReturnsToCaller ? InstKind.Return : InstKind.Exit };
            case "exit":
                _opcode.End();
                Count(0);
                return new Op { Run = default, Kind = InstKind.Exit };
            default:
                _opcode.End();
                Count(0);
                return new Op { Run = H(&ControlOps.Trap) };
        }
    }

    private Op DecodeCall(FlatCall call) => new()
    {
        Run = default,
        Kind = InstKind.Call,
        RawC = call.Number,
        A = call.Callee is null ? Source(0, PtxType.B64) : null,
    };

    private Op DecodeBarrier()
    {
        string name = _opcode.Name;
        if (name == "bar" && _opcode.Take("warp"))
        {
            _opcode.Require("sync");
            _opcode.End();
            Count(1);
            return new Op { Run = H(&ControlOps.WarpSync), Kind = InstKind.Sync, A = Source(0, PtxType.B32), RawB = (int)SyncRule.AnyPlace };
        }

        _opcode.Take("cta");
        string action = _opcode.TakeAny("sync", "arrive", "red");
        string reduction = action == "red" ? _opcode.TakeAny("popc", "and", "or") : "";
        bool aligned = name == "bar" || _opcode.Take("aligned");
        if (reduction.Length > 0)
            _opcode.Require(reduction == "popc" ? "u32" : "pred");
        _opcode.End();
        if (action.Length == 0 || (action == "red" && reduction.Length == 0))
            throw _opcode.Unknown();

        int first = action == "red" ? 1 : 0;
        int last = _instruction.Operands.Length - (action == "red" ? 1 : 0);
        if (last - first is not (1 or 2))
            throw _instruction.Error("a barrier needs a number, and may have a count of threads");
        Value number = Source(first, PtxType.U32);
        Value? count = last - first == 2 ? Source(first + 1, PtxType.U32) : null;
        BarrierAction kind = action switch
        {
            "sync" => BarrierAction.Sync,
            "arrive" => BarrierAction.Arrive,
            _ => reduction switch
            {
                "popc" => BarrierAction.Popc,
                "and" => BarrierAction.And,
                _ => BarrierAction.Or,
            },
        };
        (Value? predicate, uint flip) = kind >= BarrierAction.Popc ? Predicate(last) : (null, 0u);
        Value? result = kind switch
        {
            BarrierAction.Popc => Result(0, PtxType.U32),
            BarrierAction.And or BarrierAction.Or => Result(0, PtxType.Pred),
            _ => null,
        };
        return new Op
        {
            Run = default,
            Kind = InstKind.Barrier,
            D = result,
            A = number,
            B = count,
            C = predicate,
            RawB = -1,
            RawE = (int)kind | (aligned ? 0x100 : 0),
            Immediate = flip,
        };
    }

    /// <summary>The number of registers is ptxas's matter: here a warp has as many as the kernel names.</summary>
    private Op DecodeMaxRegisters()
    {
        string action = _opcode.TakeAny("inc", "dec");
        _opcode.Require("sync");
        _opcode.Require("aligned");
        _opcode.Require("u32");
        _opcode.End();
        if (action.Length == 0)
            throw _opcode.Unknown();
        Count(1);
        if (Operand(0) is not { Kind: OperandKind.Integer, Value: >= 24 and <= 256 } count || count.Value % 8 != 0)
            throw _instruction.Error("setmaxnreg needs a multiple of 8 from 24 to 256");
        return new Op { Run = H(&ControlOps.WarpSync), Kind = InstKind.Sync, RawB = (int)SyncRule.All };
    }

    /// <summary>Fences have no effect on order here, because execution is in order. They matter only to the race check.</summary>
    private Op? DecodeHint()
    {
        switch (_opcode.Name)
        {
            case "membar":
                string level = _opcode.TakeAny("cta", "gl", "sys");
                _opcode.End();
                if (level.Length == 0)
                    throw _opcode.Unknown();
                return Fence(level != "cta");
            case "fence":
                if (_opcode.Take("proxy"))
                    return DecodeProxyFence();
                if (_opcode.Take("mbarrier_init"))
                {
                    _opcode.Require("release");
                    _opcode.Require("cluster");
                    _opcode.End();
                    return new Op { Run = H(&MBarrierOps.FenceInit) };
                }

                _opcode.TakeAny("acq_rel", "sc");
                string scope = _opcode.TakeAny("cta", "cluster", "gpu", "sys");
                _opcode.End();
                if (scope.Length == 0)
                    throw _opcode.Unknown();
                return Fence(scope is "gpu" or "sys");
            case "nanosleep":
                _opcode.Require("u32");
                _opcode.End();
                return new Op { Run = default, Kind = InstKind.Yield, A = Source(0, PtxType.U32) };
            case "prefetch":
                StateSpace space = Space(_opcode);
                string cache = _opcode.TakeAny("L1", "L2", "L2::evict_last", "L2::evict_normal");
                bool isEviction = cache.Length > 2;
                if (cache.Length == 0 || (space == StateSpace.Local ? isEviction : space is not (StateSpace.Global or StateSpace.Generic)))
                    throw _opcode.Unknown();
                _opcode.End();
                return null;
            case "prefetchu":
                _opcode.Require("L1");
                _opcode.End();
                return null;
            case "griddepcontrol":
                string dependency = _opcode.TakeAny("wait", "launch_dependents");
                _opcode.End();
                if (dependency.Length == 0)
                    throw _opcode.Unknown();
                return dependency == "wait" ? new Op { Run = H(&ControlOps.WaitForKernels) } : null;
            case "pmevent":
                _opcode.Take("mask");
                _opcode.End();
                return null;
            default:
                throw _opcode.Unknown();
        }
    }

    /// <summary>Only shared memory's asynchronous proxy is modelled.</summary>
    private Op? DecodeProxyFence()
    {
        _opcode.Require("async");
        string space = _opcode.TakeAny("global", "shared::cta", "shared::cluster");
        _opcode.End();
        return space == "global" ? null : new Op { Run = H(&MBarrierOps.FenceProxy) };
    }

    /// <summary>A cache policy is an opaque number that nothing reads.</summary>
    private Op DecodePolicy()
    {
        _opcode.Require("fractional");
        string[] priorities = ["L2::evict_last", "L2::evict_normal", "L2::evict_first", "L2::evict_unchanged"];
        if (_opcode.TakeAny(priorities).Length == 0)
            throw _opcode.Unknown();
        _opcode.TakeAny("L2::evict_first", "L2::evict_unchanged");
        _opcode.Require("b64");
        _opcode.End();
        return new Op { Run = H(&Shapes.Unary64<IntOps.Mov64>), D = Result(0, PtxType.B64), A = lowering.Constant(Width.Long, 0) };
    }

    private static Op Fence(bool isGlobal) => new() { Run = H(&ControlOps.Fence), RawB = isGlobal ? 1 : 0 };
}

using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>Converts ops with assigned slots to executable instructions.</summary>
internal sealed unsafe class CodeLayout(FlatBody body, Cfg cfg, (int First, int End)[] blocks, Variant variant)
{
    public Program Arrange(List<Op> ops, List<Value> fixedValues, int registerBytes, int frameOffset)
    {
        Inst[] code = new Inst[ops.Count];
        List<int> extra = [];
        int[] extraStart = new int[ops.Count];
        int memos = 0, length = 0;
        for (int k = 0; k < ops.Count; k++)
        {
            Op op = ops[k];
            length++;
            extraStart[k] = extra.Count;
            foreach (Value value in op.Extra)
                extra.Add(value.Offset);
            code[k] = Encode(op, memos, length);
            memos += op.Memos;
            if (op.Kind is InstKind.Branch or InstKind.Exit or InstKind.Barrier or InstKind.Call or InstKind.Return)
                length = 0;
        }

        if (!variant.IsFine)
            FindRuns(ops, code);
        return new Program
        {
            Code = code,
            Extra = [.. extra],
            ExtraStart = extraStart,
            FixedValues = [.. fixedValues],
            RegisterBytes = registerBytes,
            Memos = memos,
            RegionStart = [.. body.Regions.Select(r => r.IsKernel ? 0 : blocks[cfg.BlockAt[r.First]].First)],
            Saved = [.. ops.Where(op => op.Kind == InstKind.Call).Select(op => ((int, int)[])[.. op.Saved.Select(v => (v.Offset, v.Bytes))])],
            FrameOffset = frameOffset,
            Accumulators = [.. ops.SelectMany(op => op.Writes()).Where(v => v.IsPinned).Select(v => v.Offset).Distinct().Order()],
            Body = body,
            Cfg = cfg,
            Variant = variant,
            HasAsyncCopies = body.Instructions.Exists(i => i.Opcode[0] == "cp"),
            HasNarrowShared = body.Instructions.Exists(IsNarrowShared),
        };
    }

    private Inst Encode(Op op, int memo, int length)
    {
        Inst inst = new()
        {
            Run = op.Run.Run,
            Kind = op.Kind == InstKind.Plain && op.Guard is not null ? InstKind.Guarded : op.Kind,
            IsGuarded = op.Guard is not null,
            Repeat = 1,
            D = op.D?.Offset ?? 0,
            A = op.A?.Offset ?? 0,
            B = op.B?.Offset ?? op.RawB,
            C = op.C?.Offset ?? op.RawC,
            E = op.E?.Offset ?? op.RawE,
            Guard = op.Guard?.Offset ?? 0,
            GuardFlip = op.GuardNegated ? uint.MaxValue : 0,
            Target = -1,
            Join = -1,
            Source = op.Source,
            Memo = memo,
            Length = length,
            Immediate = op.Immediate,
        };
        if (op.Kind == InstKind.Branch)
        {
            inst.Target = cfg.BlockAt.TryGetValue(op.Target, out int target) ? blocks[target].First : blocks[^1].End;
            inst.Join = op.Join >= 0 ? blocks[op.Join].First : -1;
        }

        return inst;
    }

    private void FindRuns(List<Op> ops, Inst[] code)
    {
        for (int k = ops.Count - 2; k >= 0; k--)
        {
            bool isRun = code[k].Kind == InstKind.Plain && code[k + 1].Kind == InstKind.Plain && ops[k].IsRunnable
                && ops[k].Run.Equals(ops[k + 1].Run) && code[k + 1].Repeat < ushort.MaxValue;
            if (isRun && !Array.Exists(blocks, block => block.First == k + 1))
                code[k].Repeat = (ushort)(code[k + 1].Repeat + 1);
        }
    }

    private static bool IsNarrowShared(FlatInstruction instruction)
    {
        string[] opcode = instruction.Opcode;
        bool mayBeShared = opcode[0] is "st" or "atom" && !Array.Exists(opcode, p => p is "global" or "local" or "param");
        return mayBeShared && opcode[^1] is "u8" or "s8" or "b8" or "u16" or "s16" or "b16" && !Array.Exists(opcode, p => p is "v2" or "v4");
    }
}

namespace Sequoia.SoftwareGpu.Lower;

/// <summary>A basic block of flat instructions.</summary>
internal sealed class CodeBlock
{
    public required int First { get; init; }

    public required int End { get; init; }

    public List<int> Successors { get; } = [];

    public List<int> Predecessors { get; } = [];

    /// <summary>The immediate post-dominator. If -1, it is the end of the kernel.</summary>
    public int PostDominator { get; set; } = -1;

    /// <summary>Whether diverged lanes reconverge at the start of the block.</summary>
    public bool IsJoin { get; set; }
}

/// <summary>The control flow graph of a flat body.</summary>
internal sealed class Cfg
{
    public List<CodeBlock> Blocks { get; } = [];

    private readonly HashSet<int> _exits = [];

    /// <summary>The block that starts at a flat index.</summary>
    public Dictionary<int, int> BlockAt { get; } = [];

    public static Cfg Build(FlatBody body)
    {
        Cfg cfg = new();
        SortedSet<int> leaders = [0];
        for (int k = 0; k < body.Instructions.Count; k++)
        {
            FlatInstruction instruction = body.Instructions[k];
            if (instruction.Target >= 0)
                leaders.Add(instruction.Target);
            if (EndsBlock(instruction))
                leaders.Add(k + 1);
        }

        leaders.Remove(body.Instructions.Count);
        int[] starts = [.. leaders];
        for (int b = 0; b < starts.Length; b++)
        {
            int end = b + 1 < starts.Length ? starts[b + 1] : body.Instructions.Count;
            cfg.BlockAt[starts[b]] = b;
            cfg.Blocks.Add(new CodeBlock { First = starts[b], End = end });
        }

        for (int b = 0; b < cfg.Blocks.Count; b++)
            cfg.Connect(b, body);
        PostDominators.Compute(cfg);
        for (int b = 0; b < cfg.Blocks.Count; b++)
        {
            if (cfg.Blocks[b].Successors.Count > 1 && cfg.Blocks[b].PostDominator >= 0)
                cfg.Blocks[cfg.Blocks[b].PostDominator].IsJoin = true;
        }

        return cfg;
    }

    /// <summary>Whether some lanes may leave the kernel at the end of this block.</summary>
    public bool HasExit(int block) => _exits.Contains(block);

    /// <summary>Leaves the kernel.</summary>
    public static bool IsExit(FlatInstruction instruction) => instruction.Opcode[0] is "ret" or "exit" or "trap";

    private static bool EndsBlock(FlatInstruction instruction) => instruction.Opcode[0] == "bra" || instruction.Call is not null || IsExit(instruction);

    private void Connect(int index, FlatBody body)
    {
        CodeBlock block = Blocks[index];
        FlatInstruction last = body.Instructions[block.End - 1];
        bool fallsThrough = !EndsBlock(last) || last.Guard is not null || last.Call is not null;
        if (fallsThrough && block.End < body.Instructions.Count)
            Link(index, BlockAt[block.End]);
        bool isBranch = last.Opcode[0] == "bra";
        if (isBranch && last.Target < body.Instructions.Count)
            Link(index, BlockAt[last.Target]);
        if (IsExit(last) || (isBranch && last.Target == body.Instructions.Count) || (fallsThrough && block.End == body.Instructions.Count))
            _exits.Add(index);
    }

    private void Link(int from, int to)
    {
        if (Blocks[from].Successors.Contains(to))
            return;
        Blocks[from].Successors.Add(to);
        Blocks[to].Predecessors.Add(from);
    }
}

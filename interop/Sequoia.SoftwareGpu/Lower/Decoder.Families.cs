namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    /// <summary>The decoder of each instruction's family, by the instruction's name. Instructions that are not listed are not supported.</summary>
    private static readonly Dictionary<string, Action<Decoder, List<Op>>> Families = MakeFamilies();

    /// <summary>The names of all instructions.</summary>
    public static IEnumerable<string> Names => Families.Keys;

    private static Dictionary<string, Action<Decoder, List<Op>>> MakeFamilies()
    {
        Dictionary<string, Action<Decoder, List<Op>>> families = [];
        void Add(Func<Decoder, Op> decode, params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
                families.Add(name, (decoder, ops) => ops.Add(decode(decoder)));
        }

        Add(d => d.DecodeSum(), "add", "sub", "mad");
        Add(d => d.DecodeCarry(), "addc", "subc", "madc");
        Add(d => d.DecodeArithmetic(), "mul", "fma", "div", "rem", "min", "max", "abs", "neg");
        Add(d => d.DecodeTranscendental(), "rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh");
        Add(d => d.DecodeLogic(), "and", "or", "xor", "not", "cnot", "shl", "shr");
        Add(d => d.DecodeBits(), "popc", "clz", "brev", "bfind", "bfe", "bfi", "prmt", "lop3", "shf", "sad", "dp4a", "dp2a", "mul24", "mad24", "vabsdiff4", "copysign");
        Add(d => d.DecodeSetp(), "setp");
        Add(d => d.DecodeSet(), "set");
        Add(d => d.DecodeSelect(), "selp");
        Add(d => d.DecodeSelectBySign(), "slct");
        families.Add("mov", (decoder, ops) => decoder.DecodeMov(ops));
        Add(d => d.DecodeConvert(), "cvt");
        Add(d => d.DecodeCvta(), "cvta");
        Add(d => d.DecodeIsSpace(), "isspacep");
        Add(d => d.DecodeLoad(), "ld");
        Add(d => d.DecodeStore(), "st");
        Add(d => d.DecodeAtomic(), "atom", "red");
        Add(d => d.DecodeAsyncCopy(), "cp");
        Add(d => d.DecodeLoadMatrix(), "ldmatrix");
        Add(d => d.DecodeMma(), "mma");
        Add(d => d.DecodeWarpgroupProduct(), "wgmma");
        Add(d => d.DecodeMBarrier(), "mbarrier");
        Add(d => d.DecodeMaxRegisters(), "setmaxnreg");
        Add(d => d.DecodeWarp(), "shfl", "vote", "match", "redux", "activemask", "elect");
        Add(d => d.DecodeBarrier(), "bar", "barrier");
        Add(d => d.DecodeControl(), "bra", "ret", "exit", "trap");
        Add(d => d.DecodePolicy(), "createpolicy");
        foreach (string name in (string[])["membar", "fence", "prefetch", "prefetchu", "nanosleep", "pmevent", "griddepcontrol"])
        {
            families.Add(name, (decoder, ops) =>
            {
                if (decoder.DecodeHint() is { } op)
                    ops.Add(op);
            });
        }

        return families;
    }

    private Op DecodeSum() => Array.IndexOf(_instruction.Opcode, "cc") > 0 ? DecodeCarry() : DecodeArithmetic();
}

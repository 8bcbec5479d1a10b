using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Profile;

/// <summary>Sorts opcodes into the classes of the profile.</summary>
internal static class InstructionClass
{
    public static string Of(string[] opcode) => opcode[0] switch
    {
        "ld" or "ldu" or "st" or "atom" or "red" or "ldmatrix" or "cp" => SpaceOf(opcode),
        "bra" or "ret" or "exit" or "call" or "trap" or "setmaxnreg" => "control",
        "bar" or "barrier" or "membar" or "fence" or "mbarrier" => "sync",
        "shfl" or "vote" or "match" or "redux" or "activemask" or "elect" => "warp",
        "mma" => "mma",
        "wgmma" => "wgmma",
        "mov" or "cvta" or "selp" => "move",
        "cvt" => "convert",
        "setp" or "set" => "compare",
        "rcp" or "sqrt" or "rsqrt" or "ex2" or "lg2" or "sin" or "cos" or "tanh" => "special",
        _ => PtxTypes.Parse(opcode[^1]) switch
        {
            PtxType.F64 => "f64",
            PtxType.F32 => "f32",
            PtxType.F16 or PtxType.F16X2 or PtxType.BF16 or PtxType.BF16X2 => "f16",
            _ => "integer",
        },
    };

    public static long FlopsPerLane(string[] opcode)
    {
        PtxType type = PtxTypes.Parse(opcode[^1]);
        if (!type.IsFloat)
            return 0;
        long width = type is PtxType.F16X2 or PtxType.BF16X2 ? 2 : 1;
        return opcode[0] switch
        {
            "add" or "sub" or "mul" or "div" or "rcp" or "sqrt" or "rsqrt" or "ex2" or "lg2" or "sin" or "cos" or "tanh" => width,
            "fma" => 2 * width,
            _ => 0,
        };
    }

    /// <summary>Twice the products of an mma, or of a warp's 16 rows of a wgmma.</summary>
    public static long FlopsPerWarp(string[] opcode)
    {
        string? shape = Array.Find(opcode, p => p.Length > 1 && p[0] == 'm' && char.IsAsciiDigit(p[1]));
        if (opcode[0] is not ("mma" or "wgmma") || shape is null)
            return 0;
        int n = shape.IndexOf('n'), k = shape.IndexOf('k');
        return 2L * 16 * Number(shape[(n + 1)..k]) * Number(shape[(k + 1)..]);
    }

    /// <summary>A warp's 16 rows of a wgmma are as many mma.m16n8k16 as they have groups of eight columns.</summary>
    public static long MmaPerWarp(string[] opcode) => opcode[0] switch
    {
        "mma" => 1,
        "wgmma" => FlopsPerWarp(opcode) / (2 * 16 * 8 * 16),
        _ => 0,
    };

    private static int Number(string digits) => int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);

    private static string SpaceOf(string[] opcode)
    {
        if (opcode[0] is "cp" or "ldmatrix")
            return "shared";
        foreach (string part in opcode)
        {
            if (part is "global" or "shared" or "local" or "param" or "const")
                return part;
        }

        return "generic";
    }
}

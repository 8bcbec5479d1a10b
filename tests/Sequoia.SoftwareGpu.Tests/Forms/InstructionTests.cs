using System.Text;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>Kernels of one instruction over edge values, against scalar references. No compiler is needed.</summary>
internal sealed class InstructionTests
{
    private static readonly ulong[] Words =
    [
        0, 1, 2, 3, 5, 8, 15, 16, 31, 32, 33, 63, 64, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF, 0x12345678, 0xDEADBEEF, 0x0C10,
        0x3F800000, 0xBF800000, 0x00800000, 0x007FFFFF, 0x80000001, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0x4F000000, 0xCF000000, 0x4EFFFFFF, 0x3FC00000, 0x40200000, 0xC0200000,
        0x33800000, 0x477FE000, 0x477FF000, 0x38800000, 0x387FC000, 0x3F801000, 0x3F000000, 0x3EAAAAAB, 0x01000001, 0x01000003, 0x42F00000, 0xC2FC0000, 0xC3140000, 0x3DCCCCCD,
    ];

    private static readonly ulong[] Longs =
    [
        0, 1, 2, 7, 31, 32, 63, 64, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0x123456789ABCDEF0,
        0x3FF0000000000000, 0xBFF0000000000000, 0x3FF8000000000000, 0x4004000000000000, 0xC004000000000000, 0x0010000000000000, 0x000FFFFFFFFFFFFF, 0x8000000000000001, 0x7FF0000000000000,
        0xFFF0000000000000, 0x7FF8000000000000, 0x7FEFFFFFFFFFFFFF, 0x41DFFFFFFFC00000, 0x41E0000000000000, 0xC1E0000000200000, 0x380FFFFFE0000000, 0x47EFFFFFF0000000, 0x36A0000000000000, 0x3FB999999999999A, 0x0020000000000001, 0x0020000000000003,
    ];

    private static readonly ulong[] Shorts =
        [0, 1, 2, 15, 16, 31, 0xFF, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0x3C00, 0xBC00, 0x0400, 0x03FF, 0x7BFF, 0x7C00, 0xFC00, 0x7E00, 0x3555, 0x1234, 0x68B0, 0x5800, 0x3C01, 0x1001, 0xC302, 0x3F80, 0x7F80, 0xFF80, 0x7F7F, 0x0080, 0x007F];

    /// <summary>Each value in the low half, beside another one.</summary>
    private static readonly ulong[] Pairs = [.. Shorts.Select((low, k) => low | (Shorts[(k * 7 + 3) % Shorts.Length] << 16))];

    [TestCaseSource(typeof(InstructionForms), nameof(InstructionForms.All))]
    public void Instruction_equals_its_reference(InstructionForm form)
    {
        using Gpu gpu = Gpu.FromPtx(Ptx(form));
        List<(ulong A, ulong B, ulong C)> inputs = Inputs(form);
        int blocks = (inputs.Count + 127) / 128, count = blocks * 128;
        ulong[] a = new ulong[count], b = new ulong[count], c = new ulong[count];
        for (int k = 0; k < count; k++)
            (a[k], b[k], c[k]) = inputs[k % inputs.Count];
        ulong result = gpu.Allocate<ulong>(count);
        gpu.Launch("k", (uint)blocks, 128, gpu.Upload(a), gpu.Upload(b), gpu.Upload(c), result);
        ulong[] actual = gpu.Download<ulong>(result, count);
        for (int k = 0; k < count; k++)
        {
            ulong expected = form.Reference(a[k], b[k], c[k]);
            if (!Agree(form, expected, actual[k]))
                Assert.Fail($"{form.Opcode}(0x{a[k]:x}, 0x{b[k]:x}, 0x{c[k]:x}) is 0x{expected:x}, was 0x{actual[k]:x}");
        }
    }

    private static List<(ulong A, ulong B, ulong C)> Inputs(InstructionForm form)
    {
        ulong[][] values = [.. form.Operands.Select(t => t switch { "u64" => Longs, "u16" => Shorts, "u16x2" => Pairs, _ => Words })];
        List<(ulong, ulong, ulong)> inputs = [];
        Random random = new(7);
        ulong Pick(int operand) => operand < values.Length ? values[operand][random.Next(values[operand].Length)] : 0;
        if (form.IsOneOfMany)
        {
            // Each value in each place at least once, in chance company.
            foreach (ulong a in values[0])
                inputs.Add((a, Pick(1), Pick(2)));
            foreach (ulong b in values.Length > 1 ? values[1] : [])
                inputs.Add((Pick(0), b, Pick(2)));
            foreach (ulong c in values.Length > 2 ? values[2] : [])
                inputs.Add((Pick(0), Pick(1), c));
            for (int k = 0; k < 256 && values.Length > 1; k++)
                inputs.Add((Pick(0), Pick(1), Pick(2)));
            return inputs;
        }

        foreach (ulong a in values[0])
        {
            foreach (ulong b in values.Length > 1 ? values[1] : [0])
                inputs.Add((a, b, Pick(2)));
        }

        for (int k = 0; k < 1500 && values.Length > 2; k++)
            inputs.Add((Pick(0), Pick(1), Pick(2)));
        return inputs;
    }

    private static bool Agree(InstructionForm form, ulong expected, ulong actual)
    {
        if (expected == actual)
            return true;
        if (form.Kind is { } kind)
        {
            // Payloads of NaN are not modelled: any NaN will do.
            bool Near(ulong x, ulong y) => x == y || (kind.IsNaN(x) && kind.IsNaN(y)) || (form.Ulps > 0 && !kind.IsNaN(x) && !kind.IsNaN(y) && Math.Abs((long)x - (long)y) <= form.Ulps);
            bool isPair = kind.Bits == 16 && form.Result == "u32";
            return isPair ? Near(expected & 0xFFFF, actual & 0xFFFF) && Near(expected >> 16, actual >> 16) : Near(expected, actual);
        }

        string type = form.Opcode[(form.Opcode.IndexOf('.') + 1)..];
        bool isSingle = form.Result == "u32" && (type.Contains("f32") || type.Contains("tf32")) && !type.Contains("16x2");
        if (isSingle)
        {
            float x = BitConverter.UInt32BitsToSingle((uint)expected), y = BitConverter.UInt32BitsToSingle((uint)actual);

            // Payloads of NaN are not modelled: any NaN will do.
            return (float.IsNaN(x) && float.IsNaN(y)) || (form.Ulps > 0 && Math.Abs((long)(int)expected - (int)actual) <= form.Ulps);
        }

        if (form.Result == "u64" && type.Contains("f64"))
            return double.IsNaN(BitConverter.UInt64BitsToDouble(expected)) && double.IsNaN(BitConverter.UInt64BitsToDouble(actual));
        bool isHalf = type.EndsWith("f16", StringComparison.Ordinal) || type.Contains("f16x2") || type.Contains("f16.f32");
        return isHalf && SameHalf(expected, actual, type.Contains("bf16")) && (form.Result == "u16" || SameHalf(expected >> 16, actual >> 16, type.Contains("bf16")));
    }

    private static bool SameHalf(ulong a, ulong b, bool isBFloat)
    {
        int infinity = isBFloat ? 0x7F80 : 0x7C00;
        return (ushort)a == (ushort)b || (((int)a & 0x7FFF) > infinity && ((int)b & 0x7FFF) > infinity);
    }

    private static string Ptx(InstructionForm form)
    {
        string[] names = ["%a", "%b", "%c"];
        StringBuilder body = new();
        for (int k = 0; k < form.Operands.Length; k++)
        {
            string wide = $"%l{k}";
            body.AppendLine($"ld.param.u64 %p{k}, [p{k}]; add.u64 %p{k}, %p{k}, %o; ld.global.u64 {wide}, [%p{k}];");
            string type = form.Operands[k].Replace("x2", "").Replace("u16", form.Operands[k] == "u16x2" ? "u32" : "u16");
            body.AppendLine(form.Operands[k] == "u64" ? $"mov.u64 {names[k]}, {wide};" : $"cvt.{type}.u64 {names[k]}, {wide};");
        }

        body.AppendLine(form.Code ?? $"{form.Opcode} %r, {string.Join(", ", names.Take(form.Operands.Length))};");
        body.AppendLine(form.Result switch
        {
            "u64" => "mov.u64 %w, %r;",
            "pred" => "selp.u64 %w, 1, 0, %r;",
            _ => $"cvt.u64.{form.Result} %w, %r;",
        });
        string Declare(string type, string name) => $".reg .{(type == "pred" ? "pred" : type == "u16x2" ? "b32" : type.Replace('u', 'b'))} {name};";
        return $$"""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3)
            {
                .reg .b64 %p<4>; .reg .b64 %l<3>; .reg .b64 %o; .reg .b64 %w; .reg .b32 %t<4>;
                {{string.Join(' ', form.Operands.Select((t, k) => Declare(t, names[k])))}}
                {{Declare(form.Result, "%r")}} {{Declare(form.Result, "%q")}} {{Declare(form.Result, "%s")}} .reg .pred %f, %g;
                mov.u32 %t0, %ctaid.x;
                mov.u32 %t1, %ntid.x;
                mov.u32 %t2, %tid.x;
                mad.lo.s32 %t3, %t0, %t1, %t2;
                mul.wide.u32 %o, %t3, 8;
                {{body}}
                ld.param.u64 %p3, [p3];
                add.u64 %p3, %p3, %o;
                st.global.u64 [%p3], %w;
                ret;
            }
            """;
    }
}

using System.Text;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>ld and st: every space, type and vector, from and to registers of every width that holds them.</summary>
internal sealed class AccessTests
{
    private const int Threads = 32, Slot = 16;

    private static readonly string[] Types = ["b8", "u8", "s8", "b16", "u16", "s16", "b32", "u32", "s32", "f32", "b64", "u64", "s64", "f64"];

    private static int Width(string type) => int.Parse(type[1..]);

    private static IEnumerable<(string Space, int Vector, string Type)> Forms(params string[] spaces) =>
        from space in spaces from vector in (int[])[1, 2, 4] from type in Types where vector * Width(type) <= 128 select (space, vector, type);

    private static string Opcode(string name, string space, int vector, string type) =>
        name + (space.Length > 0 ? "." + space : "") + (vector > 1 ? $".v{vector}" : "") + "." + type;

    public static IEnumerable<string> Opcodes() =>
        Forms("", "global", "shared", "local", "const", "param").Select(f => Opcode("ld", f.Space, f.Vector, f.Type))
            .Concat(Forms("", "global", "shared", "local").Select(f => Opcode("st", f.Space, f.Vector, f.Type)));

    private static IEnumerable<TestCaseData> Loads() => Forms("", "global", "shared", "local", "const", "param")
        .SelectMany(f => ((int[])[16, 32, 64]).Where(w => w >= Width(f.Type)).Select(w => new TestCaseData(f.Space, f.Vector, f.Type, w)));

    private static IEnumerable<TestCaseData> Stores() => Forms("", "global", "shared", "local")
        .SelectMany(f => ((int[])[16, 32, 64]).Where(w => w >= Width(f.Type)).Select(w => new TestCaseData(f.Space, f.Vector, f.Type, w)));

    [TestCaseSource(nameof(Loads))]
    public void A_load_extends_by_its_type(string space, int vector, string type, int register)
    {
        string at = space switch { "shared" or "local" => "[%m]", "const" => "[table]", "param" => "[bytes]", _ => "[%a]" };
        StringBuilder body = new();
        if (space is "shared" or "local")
            body.AppendLine($"ld.global.b64 %x0, [%a]; st.{space}.b64 [%m], %x0; ld.global.b64 %x0, [%a+8]; st.{space}.b64 [%m+8], %x0;");
        body.AppendLine($"{Opcode("ld", space, vector, type)} {List(vector)}, {at};");
        for (int k = 0; k < vector; k++)
            body.AppendLine($"st.global.b{register} [%c+{8 * k}], %v{k};");
        byte[] input = Input(space is "const" or "param");
        using Gpu gpu = Gpu.FromPtx(Kernel(body, register, input));
        ulong results = gpu.Upload(new byte[Threads * 32]);
        byte[] parameters = [.. BitConverter.GetBytes(gpu.Upload(input)), .. BitConverter.GetBytes(results), .. input[..Slot]];
        Launcher.Run(gpu.Memory, gpu.Kernels["k"], (1, 1, 1), (Threads, 1, 1), 0, parameters);
        byte[] actual = gpu.Download<byte>(results, Threads * 32);
        for (int t = 0; t < Threads; t++)
        {
            for (int k = 0; k < vector; k++)
            {
                ulong value = Read(input, (t * Slot) + (k * Width(type) / 8), Width(type));
                if (type[0] == 's' && (value >> (Width(type) - 1)) != 0)
                    value |= ulong.MaxValue << (Width(type) - 1);
                Assert.That(Read(actual, (t * 32) + (8 * k), register), Is.EqualTo(value & (ulong.MaxValue >> (64 - register))), $"thread {t}, element {k}");
            }
        }
    }

    [TestCaseSource(nameof(Stores))]
    public void A_store_writes_its_type_and_no_more(string space, int vector, string type, int register)
    {
        bool isCopied = space is "shared" or "local";
        StringBuilder body = new();
        if (isCopied)
            body.AppendLine($"mov.u64 %x0, -1; st.{space}.b64 [%m], %x0; st.{space}.b64 [%m+8], %x0;");
        for (int k = 0; k < vector; k++)
            body.AppendLine($"ld.global.b{register} %v{k}, [%a+{(k * 8) % Slot}];");
        body.AppendLine($"{Opcode("st", space, vector, type)} {(isCopied ? "[%m]" : "[%c]")}, {List(vector)};");
        if (isCopied)
            body.AppendLine($"ld.{space}.b64 %x0, [%m]; st.global.b64 [%c], %x0; ld.{space}.b64 %x0, [%m+8]; st.global.b64 [%c+8], %x0;");
        byte[] input = Input(false);
        using Gpu gpu = Gpu.FromPtx(Kernel(body, register, input));
        ulong results = gpu.Upload([.. Enumerable.Repeat((byte)0xFF, Threads * 32)]);
        byte[] parameters = [.. BitConverter.GetBytes(gpu.Upload(input)), .. BitConverter.GetBytes(results), .. input[..Slot]];
        Launcher.Run(gpu.Memory, gpu.Kernels["k"], (1, 1, 1), (Threads, 1, 1), 0, parameters);
        byte[] actual = gpu.Download<byte>(results, Threads * 32);
        int bytes = Width(type) / 8;
        for (int t = 0; t < Threads; t++)
        {
            byte[] expected = [.. Enumerable.Repeat((byte)0xFF, Slot)];
            for (int k = 0; k < vector * bytes; k++)
                expected[k] = input[(t * Slot) + (k / bytes * 8 % Slot) + (k % bytes)];
            Assert.That(actual[(t * 32)..((t * 32) + Slot)], Is.EqualTo(expected), $"thread {t}");
        }
    }

    /// <summary>Bytes of all signs; the same for every thread where all read one place.</summary>
    private static byte[] Input(bool isShared) => [.. Enumerable.Range(0, Threads * Slot).Select(k => (byte)(((isShared ? k % Slot : k) * 73) + 0x7C))];

    private static ulong Read(byte[] bytes, int at, int bits) => bits switch
    {
        8 => bytes[at],
        16 => BitConverter.ToUInt16(bytes, at),
        32 => BitConverter.ToUInt32(bytes, at),
        _ => BitConverter.ToUInt64(bytes, at),
    };

    private static string List(int vector) => vector == 1 ? "%v0" : $"{{{string.Join(", ", Enumerable.Range(0, vector).Select(k => $"%v{k}"))}}}";

    private static string Kernel(StringBuilder body, int register, byte[] input) => $$"""
        .version 8.4
        .target sm_80
        .address_size 64
        .const .align 16 .b8 table[16] = { {{string.Join(", ", input[..Slot])}} };
        .visible .entry k(.param .u64 p0, .param .u64 p1, .param .align 16 .b8 bytes[16])
        {
            .shared .align 16 .b8 s[{{Threads * Slot}}]; .local .align 16 .b8 l[16];
            .reg .b64 %a, %c, %m, %o, %x<2>; .reg .b32 %t; .reg .b{{register}} %v<4>;
            mov.u32 %t, %tid.x; ld.param.u64 %a, [p0]; ld.param.u64 %c, [p1];
            mul.wide.u32 %o, %t, {{Slot}}; add.u64 %a, %a, %o; add.u64 %c, %c, %o; add.u64 %c, %c, %o;
            {{(body.ToString().Contains(".shared", StringComparison.Ordinal) ? "mov.u64 %m, s; add.u64 %m, %m, %o;" : "mov.u64 %m, l;")}}
            {{body}}
            ret;
        }
        """;
}

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>mma against scalar transcriptions: the plain sum, and the published arithmetic of tensor cores.</summary>
internal sealed class TensorTests
{
    private const int Rounds = 40;

    public sealed record Shape(string Opcode, int Depth, string Type, int ARegisters, int BRegisters, int AmpereTerms, int HopperTerms)
    {
        public override string ToString() => Opcode.Replace('.', '_');
    }

    private static readonly Shape[] Shapes =
    [
        new("m16n8k16.row.col.f32.f16.f16.f32", 16, "f16", 4, 2, 8, 16),
        new("m16n8k8.row.col.f32.f16.f16.f32", 8, "f16", 2, 1, 8, 8),
        new("m16n8k16.row.col.f32.bf16.bf16.f32", 16, "bf16", 4, 2, 8, 16),
        new("m16n8k8.row.col.f32.tf32.tf32.f32", 8, "tf32", 4, 2, 4, 8),
    ];

    [Test]
    public void Mma_equals_the_transcription([ValueSource(nameof(Shapes))] Shape shape, [Values] Numerics numerics)
    {
        using Gpu gpu = Gpu.FromPtx(Ptx(shape.Opcode, shape.ARegisters, shape.BRegisters, "f32"));
        gpu.Options = new LaunchOptions { Numerics = numerics };
        Random random = new(11);
        for (int round = 0; round < Rounds; round++)
        {
            uint[,] a = Matrix(random, 16, shape.Depth, shape.Type, round), b = Matrix(random, shape.Depth, 8, shape.Type, round);
            float[,] c = Accumulator(random, round);
            float[,] d = Run(gpu, shape, a, b, c);
            for (int row = 0; row < 16; row++)
            {
                for (int column = 0; column < 8; column++)
                {
                    float[] left = [.. Enumerable.Range(0, shape.Depth).Select(k => Value(a[row, k], shape.Type))];
                    float[] right = [.. Enumerable.Range(0, shape.Depth).Select(k => Value(b[k, column], shape.Type))];
                    float expected = numerics switch
                    {
                        Numerics.Fast => Chain(left, right, c[row, column]),
                        Numerics.Ampere => Fused(left, right, c[row, column], shape.AmpereTerms, 24, shape.Type),
                        _ => Fused(left, right, c[row, column], shape.HopperTerms, 25, shape.Type),
                    };
                    Assert.That(BitConverter.SingleToUInt32Bits(d[row, column]), Is.EqualTo(BitConverter.SingleToUInt32Bits(expected)).Or.Matches<uint>(v => float.IsNaN(expected) && float.IsNaN(BitConverter.UInt32BitsToSingle(v))), $"round {round}, ({row}, {column})");
                }
            }
        }
    }

    [TestCase("s8.s8", false)]
    [TestCase("u8.s8", false)]
    [TestCase("s8.s8", true)]
    public void Integer_mma(string types, bool saturates)
    {
        string suffix = saturates ? ".satfinite" : "";
        using Gpu gpu = Gpu.FromPtx(Ptx($"m16n8k32.row.col{suffix}.s32.{types}.s32", 4, 2, "b32"));
        Random random = new(5);
        byte[,] a = new byte[16, 32], b = new byte[32, 8];
        uint[] aRegisters = new uint[128], bRegisters = new uint[64], c = new uint[128];
        for (int k = 0; k < 512; k++)
            (a[k / 32, k % 32], b[k % 32, k / 32 % 8]) = ((byte)random.Next(256), (byte)random.Next(256));
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane / 4, t = lane % 4;
            for (int i = 0; i < 16; i++)
                aRegisters[(lane * 4) + (i / 4)] |= (uint)a[g + (i / 4 % 2 * 8), (t * 4) + (i % 4) + (i / 8 * 16)] << (8 * (i % 4));
            for (int i = 0; i < 8; i++)
                bRegisters[(lane * 2) + (i / 4)] |= (uint)b[(t * 4) + (i % 4) + (i / 4 * 16), g] << (8 * (i % 4));
            for (int i = 0; i < 4; i++)
                c[(lane * 4) + i] = lane == 3 ? int.MaxValue : (uint)random.Next();
        }

        ulong result = gpu.Allocate<uint>(128);
        gpu.Launch("k", 1, 32, gpu.Upload(aRegisters), gpu.Upload(bRegisters), gpu.Upload(c), result);
        uint[] d = gpu.Download<uint>(result, 128);
        for (int lane = 0; lane < 32; lane++)
        {
            for (int i = 0; i < 4; i++)
            {
                int row = (lane / 4) + (i / 2 * 8), column = (lane % 4 * 2) + (i % 2);
                long sum = (int)c[(lane * 4) + i];
                for (int k = 0; k < 32; k++)
                    sum += (types[0] == 's' ? (sbyte)a[row, k] : a[row, k]) * (sbyte)b[k, column];
                Assert.That((int)d[(lane * 4) + i], Is.EqualTo(saturates ? (int)Math.Clamp(sum, int.MinValue, int.MaxValue) : (int)sum));
            }
        }
    }

    /// <summary>One fused multiply-add after the other, in order of k.</summary>
    internal static float Chain(float[] a, float[] b, float c)
    {
        for (int k = 0; k < a.Length; k++)
            c = MathF.FusedMultiplyAdd(a[k], b[k], c);
        return c;
    }

    /// <summary>
    /// Written from the description in arXiv 2511.10909, in doubles: significands in [1, 2), except subnormals, which
    /// keep the lowest exponent; terms cut at the given bits below the largest exponent; the sum cut to single.
    /// </summary>
    internal static float Fused(float[] a, float[] b, float c, int terms, int bits, string type)
    {
        int lowest = type == "f16" ? -14 : -126;
        for (int first = 0; first < a.Length; first += terms)
        {
            List<(double Significand, int Exponent)> sum = [Split(c, -126)];
            for (int k = first; k < first + terms; k++)
            {
                (double x, int ex) = Split(a[k], lowest);
                (double y, int ey) = Split(b[k], lowest);
                sum.Add((x * y, x * y == 0 ? int.MinValue / 2 : ex + ey));
            }

            if (sum.Exists(t => !double.IsFinite(t.Significand)))
            {
                c = (float)sum.Sum(t => t.Significand);
                continue;
            }

            int largest = sum.Max(t => t.Significand == 0 ? int.MinValue / 2 : t.Exponent);
            double total = sum.Sum(t => t.Significand == 0 ? 0 : Math.Truncate(Math.ScaleB(t.Significand, t.Exponent - largest + bits)));
            double exact = total == 0 ? 0 : Math.ScaleB(total, largest - bits);
            c = (float)exact;
            if (Math.Abs((double)c) > Math.Abs(exact))
                c = float.IsInfinity(c) && Math.Abs(exact) >= Math.ScaleB(1, 128) ? c : c > 0 ? float.BitDecrement(c) : float.BitIncrement(c);
        }

        return c;
    }

    private static (double Significand, int Exponent) Split(float value, int lowest)
    {
        if (value == 0 || !float.IsFinite(value))
            return (value, lowest);
        int exponent = Math.Max(Math.ILogB(value), lowest);
        return (Math.ScaleB(value, -exponent), exponent);
    }

    internal static float Value(uint bits, string type) => type switch
    {
        "f16" => (float)BitConverter.UInt16BitsToHalf((ushort)bits),
        "bf16" => BitConverter.UInt32BitsToSingle(bits << 16),
        _ => BitConverter.UInt32BitsToSingle(bits & 0xFFFFE000),
    };

    internal static uint[,] Matrix(Random random, int rows, int columns, string type, int round)
    {
        uint[,] matrix = new uint[rows, columns];
        for (int k = 0; k < rows * columns; k++)
        {
            // Three kinds of rounds: ordinary numbers, any bits but specials, any bits at all.
            float ordinary = (random.NextSingle() * 4) - 2;
            uint any = (uint)random.NextInt64(1L << 32);
            uint bits = (type, round % 3) switch
            {
                ("f16", 0) => BitConverter.HalfToUInt16Bits((Half)ordinary),
                ("f16", 1) => (any & 0xFFFF) is var h && (h & 0x7C00) == 0x7C00 ? h ^ 0x4000 : any & 0xFFFF,
                ("bf16", 0) => BitConverter.SingleToUInt32Bits(ordinary) >> 16,
                ("bf16", 1) => (any & 0x80FF) | (uint)((90 + (any >> 24 & 63)) << 7),
                (_, 0) => BitConverter.SingleToUInt32Bits(ordinary),
                ("tf32", 1) => (any & 0x807FFFFF) | (uint)((90 + (any >> 24 & 63)) << 23),
                ("f16" or "bf16", _) => any & 0xFFFF,
                _ => any,
            };
            matrix[k / columns, k % columns] = bits;
        }

        return matrix;
    }

    private static float[,] Accumulator(Random random, int round)
    {
        float[,] c = new float[16, 8];
        for (int k = 0; k < 128; k++)
            c[k / 8, k % 8] = round == 0 ? 0 : (random.NextSingle() - 0.5f) * MathF.Pow(2, random.Next(-30, 30));
        return c;
    }

    private static float[,] Run(Gpu gpu, Shape shape, uint[,] a, uint[,] b, float[,] c)
    {
        bool isPacked = shape.Type != "tf32";
        uint[] left = new uint[32 * shape.ARegisters], right = new uint[32 * shape.BRegisters], sum = new uint[128];
        for (int lane = 0; lane < 32; lane++)
        {
            int g = lane / 4, t = lane % 4;
            for (int i = 0; i < shape.ARegisters; i++)
            {
                int row = g + (i % 2 * 8), k = isPacked ? (2 * t) + (i / 2 * 8) : t + (i / 2 * 4);
                left[(lane * shape.ARegisters) + i] = isPacked ? a[row, k] | (a[row, k + 1] << 16) : a[row, k];
            }

            for (int i = 0; i < shape.BRegisters; i++)
            {
                int k = isPacked ? (2 * t) + (i * 8) : t + (i * 4);
                right[(lane * shape.BRegisters) + i] = isPacked ? b[k, g] | (b[k + 1, g] << 16) : b[k, g];
            }

            for (int i = 0; i < 4; i++)
                sum[(lane * 4) + i] = BitConverter.SingleToUInt32Bits(c[g + (i / 2 * 8), (2 * t) + (i % 2)]);
        }

        ulong result = gpu.Allocate<float>(128), leftAt = gpu.Upload(left), rightAt = gpu.Upload(right), sumAt = gpu.Upload(sum);
        gpu.Launch("k", 1, 32, leftAt, rightAt, sumAt, result);
        float[] registers = gpu.Download<float>(result, 128);
        foreach (ulong address in (ulong[])[result, leftAt, rightAt, sumAt])
            gpu.Memory.Free(address);
        float[,] d = new float[16, 8];
        for (int k = 0; k < 128; k++)
            d[(k / 16) + (k % 4 / 2 * 8), (k / 4 % 4 * 2) + (k % 2)] = registers[k];
        return d;
    }

    private static string Ptx(string opcode, int aRegisters, int bRegisters, string accumulator)
    {
        string List(string prefix, int count) => string.Join(", ", Enumerable.Range(0, count).Select(k => $"%{prefix}{k}"));
        string Loads(string prefix, int count, string parameter, string type) =>
            $"ld.param.u64 %p, [{parameter}]; mad.wide.u32 %p, %lane, {4 * count}, %p; "
            + string.Concat(Enumerable.Range(0, count).Select(k => $"ld.global.{type} %{prefix}{k}, [%p+{4 * k}]; "));
        return $$"""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2, .param .u64 p3)
            {
                .reg .b64 %p; .reg .b32 %lane; .reg .b32 %a<4>; .reg .b32 %b<4>; .reg .{{accumulator}} %c<4>; .reg .{{accumulator}} %d<4>;
                mov.u32 %lane, %tid.x;
                {{Loads("a", aRegisters, "p0", "b32")}}
                {{Loads("b", bRegisters, "p1", "b32")}}
                {{Loads("c", 4, "p2", accumulator)}}
                mma.sync.aligned.{{opcode}} { {{List("d", 4)}} }, { {{List("a", aRegisters)}} }, { {{List("b", bRegisters)}} }, { {{List("c", 4)}} };
                ld.param.u64 %p, [p3]; mad.wide.u32 %p, %lane, 16, %p;
                st.global.{{accumulator}} [%p], %d0; st.global.{{accumulator}} [%p+4], %d1; st.global.{{accumulator}} [%p+8], %d2; st.global.{{accumulator}} [%p+12], %d3;
                ret;
            }
            """;
    }
}

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>wgmma against the scalar transcriptions of mma, with operands in both layouts.</summary>
internal sealed class WarpgroupTests
{
    private const int Rows = 64;
    private const int Depth = 16;
    private const int ImageBytes = 40960;

    /// <summary>The 128-byte swizzle holds 64 columns of k; the product is of the 16 from this one on.</summary>
    private const int SwizzledStep = 2;

    private static readonly int[] Columns = [.. Enumerable.Range(1, 32).Select(k => 8 * k)];

    public static IEnumerable<string> Opcodes() =>
    [
        "wgmma.fence.sync.aligned", "wgmma.commit_group.sync.aligned", "wgmma.wait_group.sync.aligned",
        .. from n in Columns from type in (string[])["f16", "bf16"] select Opcode(n, type),
    ];

    private static string Opcode(int n, string type) => $"wgmma.mma_async.sync.aligned.m64n{n}k16.f32.{type}.{type}";

    [Test]
    public void Equals_the_transcription([Values("f16", "bf16")] string type, [Values] bool swizzled, [Values] Numerics numerics)
    {
        Random random = new(7);
        foreach (int n in numerics == Numerics.Fast ? Columns : [8, 64])
        {
            (uint[,] a, uint[,] b) = (TensorTests.Matrix(random, Rows, Depth, type, n / 8 % 2), TensorTests.Matrix(random, Depth, n, type, n / 8 % 2));
            float[,] c = Sums(random, n), d = Run(n, type, swizzled, a, b, c, numerics, schedule: n == 64 ? Schedule.Adversarial : Schedule.InOrder);
            for (int row = 0; row < Rows; row++)
            {
                for (int column = 0; column < n; column++)
                    Assert.That(d[row, column], Is.EqualTo(Expected(a, b, row, column, type, c[row, column], numerics)), $"n = {n}, ({row}, {column})");
            }
        }
    }

    [TestCase("1", 1, 1), TestCase("0", 1, 1), TestCase("1", -1, 1), TestCase("1", 1, -1), TestCase("0", -1, -1), TestCase("%q", 1, 1), TestCase("!%q", 1, 1)]
    public void Scales(string adds, int scaleA, int scaleB)
    {
        Random random = new(8);
        (uint[,] a, uint[,] b) = (TensorTests.Matrix(random, Rows, Depth, "f16", 0), TensorTests.Matrix(random, Depth, 8, "f16", 0));
        float[,] c = Sums(random, 8), d = Run(8, "f16", true, a, b, c, Numerics.Hopper, $"{adds}, {scaleA}, {scaleB}");

        // The kernel's q is false.
        bool isSum = adds is "1" or "!%q";
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < 8; column++)
            {
                float addend = isSum ? c[row, column] : 0, sign = scaleA * scaleB;
                Assert.That(d[row, column], Is.EqualTo(sign * Expected(a, b, row, column, "f16", sign * addend, Numerics.Hopper)), $"({row}, {column})");
            }
        }
    }

    [TestCase("", true), TestCase("wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 1;", true), TestCase("wgmma.wait_group.sync.aligned 0;", true)]
    [TestCase("wgmma.commit_group.sync.aligned; wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 1;", false)]
    public void Sums_are_there_when_they_are_waited_for(string wait, bool isTooEarly)
    {
        uint[,] zero = new uint[Rows, Depth], alsoZero = new uint[Depth, 8];
        float[,] c = Sums(new Random(3), 8);
        Assert.That(Run(8, "f16", false, zero, alsoZero, c, Numerics.Fast, wait: wait), isTooEarly ? Is.All.NaN : Is.EqualTo(c));
    }

    [TestCase(2ul, "a swizzle of 64 bytes"), TestCase(3ul, "a swizzle of 32 bytes")]
    public void Other_swizzles_are_refused(ulong swizzle, string reason) => Refused(swizzle << 62, reason);

    [Test]
    public void Base_offsets_are_refused() => Refused((1ul << 62) | (1ul << 49), "a base offset");

    [Test]
    public void Operands_beyond_shared_memory_are_refused() => Refused(0x3FFF, "outside the block's");

    private static void Refused(ulong descriptor, string reason)
    {
        DeviceFault fault = Assert.Throws<DeviceFault>(() => Launch(8, "f16", new byte[ImageBytes], new uint[128 * 4], descriptor, 0, Numerics.Fast, "1, 1, 1", Wait, Schedule.InOrder))!;
        Assert.That(fault.Message, Does.Contain(reason));
    }

    [Test]
    public void A_warp_outside_a_warpgroup_is_refused()
    {
        using Gpu gpu = Gpu.FromPtx(Ptx(8, "f16", "1, 1, 1", Wait));
        ulong data = gpu.Upload(new byte[ImageBytes]);
        DeviceFault fault = Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 96, data, data, 0ul, 0ul, data))!;
        Assert.That(fault.Message, Does.Contain("not in a warpgroup"));
    }

    private const string Wait = "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0;";

    [Test]
    public void Counts([Values(8, 128)] int n)
    {
        using Gpu gpu = Gpu.FromPtx(Ptx(n, "f16", "1, 1, 1", Wait));
        gpu.Options = new LaunchOptions { Counters = true };
        ulong data = gpu.Upload(new byte[ImageBytes]), result = gpu.Allocate<float>(Rows * n);
        KernelProfile profile = gpu.Launch("k", 1, 128, data, result, 0ul, 0ul, result).Profile!;
        ExecutionCounts product = profile.Lines.Select(line => line.Counts).Single(counts => counts.Mma > 0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(product.Flops, Is.EqualTo(2 * Rows * n * Depth));
            Assert.That(product.Mma, Is.EqualTo(Rows / 16 * (n / 8)));

            // A is 2 KB, and B 32 bytes a column.
            Assert.That(product.SharedWavefronts, Is.EqualTo((2048 + (32 * n)) / 128));
        }
    }

    private static float Expected(uint[,] a, uint[,] b, int row, int column, string type, float c, Numerics numerics)
    {
        float[] left = [.. Enumerable.Range(0, Depth).Select(k => TensorTests.Value(a[row, k], type))];
        float[] right = [.. Enumerable.Range(0, Depth).Select(k => TensorTests.Value(b[k, column], type))];
        return numerics switch
        {
            Numerics.Fast => TensorTests.Chain(left, right, c),
            Numerics.Ampere => TensorTests.Fused(left, right, c, 8, 24, type),
            _ => TensorTests.Fused(left, right, c, 16, 25, type),
        };
    }

    private static float[,] Sums(Random random, int n)
    {
        float[,] sums = new float[Rows, n];
        for (int k = 0; k < sums.Length; k++)
            sums[k / n, k % n] = random.NextSingle() - 0.5f;
        return sums;
    }

    private static float[,] Run(
        int n, string type, bool swizzled, uint[,] a, uint[,] b, float[,] c, Numerics numerics, string scales = "1, 1, 1", string wait = Wait, Schedule schedule = Schedule.InOrder)
    {
        // A is first, and B follows at a multiple of 1,024 bytes.
        byte[] image = new byte[ImageBytes];
        int second = swizzled ? 128 * Rows : 32 * Rows;
        for (int k = 0; k < Depth; k++)
        {
            for (int row = 0; row < Rows; row++)
                BitConverter.TryWriteBytes(image.AsSpan(Place(row, k, swizzled)), (ushort)a[row, k]);
            for (int column = 0; column < n; column++)
                BitConverter.TryWriteBytes(image.AsSpan(second + Place(column, k, swizzled)), (ushort)b[k, column]);
        }

        uint[] registers = new uint[128 * n / 2];
        void Each(Action<int, int, int> act)
        {
            for (int at = 0; at < registers.Length; at++)
            {
                int thread = at / (n / 2), k = at % (n / 2);
                act(at, (thread / 32 * 16) + (thread % 32 / 4) + (k % 4 / 2 * 8), (k / 4 * 8) + (thread % 4 * 2) + (k % 2));
            }
        }

        Each((at, row, column) => registers[at] = BitConverter.SingleToUInt32Bits(c[row, column]));
        uint[] results = Launch(n, type, image, registers, Descriptor(0, swizzled), Descriptor(second, swizzled), numerics, scales, wait, schedule);
        float[,] d = new float[Rows, n];
        Each((at, row, column) => d[row, column] = BitConverter.UInt32BitsToSingle(results[at]));
        return d;
    }

    private static uint[] Launch(int n, string type, byte[] image, uint[] registers, ulong left, ulong right, Numerics numerics, string scales, string wait, Schedule schedule)
    {
        using Gpu gpu = Gpu.FromPtx(Ptx(n, type, scales, wait));
        gpu.Options = new LaunchOptions { Checks = true, Numerics = numerics, Schedule = schedule, Seed = 5 };
        ulong result = gpu.Allocate<uint>(registers.Length);
        LaunchReport report = gpu.Launch("k", 1, 128, gpu.Upload(image), gpu.Upload(registers), left, right, result);
        Assert.That(report.Findings, Is.Empty);
        return gpu.Download<uint>(result, registers.Length);
    }

    /// <summary>
    /// Where an element is. Without a swizzle: core matrices of eight rows by 16 bytes, first the two of eight rows. With it: rows of 128 bytes, whose
    /// chunks of 16 bytes are exchanged by the row in its group of eight.
    /// </summary>
    private static int Place(int row, int k, bool swizzled)
    {
        int chunk = k / 8, element = 2 * (k % 8);
        return swizzled ? (128 * row) + (16 * ((chunk + (2 * SwizzledStep)) ^ (row % 8))) + element : (256 * (row / 8)) + (128 * chunk) + (16 * (row % 8)) + element;
    }

    private static ulong Descriptor(int start, bool swizzled)
    {
        ulong Field(int bytes, int shift) => (ulong)(bytes >> 4) << shift;
        return swizzled ? Field(start + (32 * SwizzledStep), 0) | Field(16, 16) | Field(1024, 32) | (1ul << 62) : Field(start, 0) | Field(128, 16) | Field(256, 32);
    }

    /// <summary>Copies the image to shared memory, 16 bytes a thread at once, and multiplies.</summary>
    private static string Ptx(int n, string type, string scales, string wait)
    {
        int count = n / 2;
        string Each(Func<int, string> text, string separator = " ") => string.Join(separator, Enumerable.Range(0, count).Select(text));
        return $$"""
            .version 8.4
            .target sm_90a
            .address_size 64
            .visible .entry k(.param .u64 image, .param .u64 sums, .param .u64 left, .param .u64 right, .param .u64 results)
            {
                .shared .align 1024 .b8 s[{{ImageBytes}}];
                .reg .b64 %p, %g, %a, %b; .reg .b32 %t, %i, %s, %w<4>; .reg .f32 %d<{{count}}>; .reg .pred %q, %more;
                mov.u32 %t, %tid.x; shl.b32 %i, %t, 4;
                ld.param.u64 %p, [image]; ld.param.u64 %a, [left]; ld.param.u64 %b, [right];
                LOOP: cvt.u64.u32 %g, %i; add.u64 %g, %g, %p; ld.global.v4.b32 {%w0, %w1, %w2, %w3}, [%g]; st.shared.v4.b32 [%i], {%w0, %w1, %w2, %w3};
                add.u32 %i, %i, 2048; setp.lt.u32 %more, %i, {{ImageBytes}}; @%more bra LOOP;
                fence.proxy.async.shared::cta; bar.sync 0;
                ld.param.u64 %p, [sums]; mad.wide.u32 %p, %t, {{4 * count}}, %p;
                {{Each(k => $"ld.global.f32 %d{k}, [%p+{4 * k}];")}}
                setp.ne.u32 %q, %t, %t;
                wgmma.fence.sync.aligned;
                {{Opcode(n, type)}} { {{Each(k => $"%d{k}", ", ")}} }, %a, %b, {{scales}}, 0, 0;
                {{wait}}
                ld.param.u64 %p, [results]; mad.wide.u32 %p, %t, {{4 * count}}, %p;
                {{Each(k => $"st.global.f32 [%p+{4 * k}], %d{k};")}}
                ret;
            }
            """;
    }
}

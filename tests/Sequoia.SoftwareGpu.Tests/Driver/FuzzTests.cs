using System.Globalization;
using System.Text;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>
/// PTX that is nearly right: every word of it may be changed into another one of the same module or cut short. Whatever comes of it is a
/// driver's code, and neither the process nor any other context is harmed. SEQUOIA_FUZZ_CASES makes it longer.
/// </summary>
public unsafe class FuzzTests
{
    private const int UsualCases = 400;

    /// <summary>Sizes, offsets and literals at which additions and products wrap.</summary>
    private static readonly string[] Numbers =
        ["2147483647", "-1", "4294967295", "2147483648", "9223372036854775807", "0x8000000000000000", "0xFFFFFFFFFFFFFFF8", "0", "1", "65536", "134217728"];

    [Test]
    public void Changed_modules_and_their_launches_end_in_a_code()
    {
        CudaCompiler compiler = NeededLibraries.Compiler(KernelCache.Default);
        string[] sources = [BasicKernels.Softmax, BasicKernels.TiledGemm, LlamaKernels.Source, CallTests.Recursion];
        string[][] modules = [.. sources.Select(source => Words(compiler.Compile(source, new() { Extra = ["-default-device"] }).Ptx))];
        int cases = int.TryParse(Environment.GetEnvironmentVariable("SEQUOIA_FUZZ_CASES"), CultureInfo.InvariantCulture, out int more) ? more : UsualCases;
        try
        {
            int launched = 0;
            for (int seed = 0; seed < cases; seed++)
            {
                SoftwareDriver.Options = new LaunchOptions
                {
                    Checks = seed % 5 != 0,
                    Counters = seed % 7 != 0,
                    Schedule = (Schedule)(seed / 4 % 3),
                    Seed = (ulong)seed,
                    InstructionBudget = 200_000,
                };
                launched += Try(new Random(seed), modules[seed % modules.Length], seed) ? 1 : 0;
            }
            TestContext.Out.WriteLine($"{launched} of {cases} changed modules still had a kernel to launch");
            Assert.That(launched, Is.GreaterThan(cases / 20), "the changes are too rough to reach the execution");
        }
        finally
        {
            SoftwareDriver.Options = new LaunchOptions();
        }
        using CudaContext after = SoftwareDriver.Open();
        using DeviceBuffer<int> buffer = after.Upload<int>([1, 2, 3]);
        Assert.That(buffer.ToArray(), Is.EqualTo(new[] { 1, 2, 3 }));
    }

    /// <returns>Whether a kernel could be launched.</returns>
    private static bool Try(Random random, string[] words, int seed)
    {
        DriverTable table = SoftwareDriver.Table;
        nint context, module;
        Expect(CudaResult.Success, table.cuInit(0), seed);
        Expect(CudaResult.Success, table.cuCtxCreate_v2(&context, 0, 0), seed);
        try
        {
            byte[] text = Encoding.UTF8.GetBytes(Changed(random, words) + "\0");
            CudaResult loaded;
            fixed (byte* image = text)
                loaded = table.cuModuleLoadDataEx(&module, image, 0, null, null);
            Known(loaded, seed);
            if (loaded != CudaResult.Success)
                return false;
            return Launch(table, module, Name(words, random), seed);
        }
        finally
        {
            Expect(CudaResult.Success, table.cuCtxDestroy_v2(context), seed);
        }
    }

    private static bool Launch(DriverTable table, nint module, string name, int seed)
    {
        nint function;
        byte[] wanted = Encoding.UTF8.GetBytes(name + "\0");
        fixed (byte* first = wanted)
        {
            if (table.cuModuleGetFunction(&function, module, first) != CudaResult.Success)
                return false;
        }
        // Pointers to real memory and small numbers, whatever the kernel wants them for.
        ulong memory;
        Expect(CudaResult.Success, table.cuMemAlloc_v2(&memory, 1 << 16), seed);
        ulong* values = stackalloc ulong[512];
        void** parameters = stackalloc void*[512];
        for (int i = 0; i < 512; i++)
        {
            nuint offset, bytes = 0;
            values[i] = i < 512 && table.cuFuncGetParamInfo(function, (nuint)i, &offset, &bytes) == CudaResult.Success && bytes == 8 ? memory : 64;
            parameters[i] = &values[i];
        }
        // A parameter may have become an array longer than a word; it is read from here on, inside the values.
        CudaResult result = table.cuLaunchKernel(function, 2, 1, 1, 64, 1, 1, 0, 0, parameters, null);
        Known(result, seed);
        Known(table.cuCtxSynchronize(), seed);
        return result == CudaResult.Success;
    }

    private static void Known(CudaResult result, int seed) =>
        Assert.That(result, Is.Not.EqualTo(CudaResult.Unknown), $"seed {seed}: {SoftwareDriver.LatestFailure}");

    private static void Expect(CudaResult wanted, CudaResult result, int seed) =>
        Assert.That(result, Is.EqualTo(wanted), $"seed {seed}: {SoftwareDriver.LatestFailure}");

    private static string Changed(Random random, string[] words)
    {
        string[] changed = [.. words];
        for (int changes = 1 + random.Next(3); changes > 0; changes--)
        {
            int at = random.Next(changed.Length);
            changed[at] = random.Next(8) switch
            {
                0 => "",
                1 => changed[at] + " " + changed[at],
                2 => changed[at][..random.Next(changed[at].Length + 1)],
                3 => Numbers[random.Next(Numbers.Length)],
                _ => Similar(random, changed, changed[at]),
            };
        }
        string text = string.Concat(changed);
        return random.Next(20) == 0 ? text[..random.Next(text.Length)] : text;
    }

    // Registers for registers, opcodes for opcodes: most of the result can still be decoded.
    private static string Similar(Random random, string[] words, string word)
    {
        if (word.Length == 0)
            return word;
        for (int tries = 0; tries < 200; tries++)
        {
            string other = words[random.Next(words.Length)];
            if (other.Length > 1 && other != word && other[0] == word[0] && other[1] == word[Math.Min(1, word.Length - 1)])
                return other;
        }
        return word;
    }

    private static string Name(string[] words, Random random)
    {
        string[] names = [.. Enumerable.Range(0, words.Length - 2).Where(i => words[i] == ".entry").Select(i => words[i + 2])];
        return names[random.Next(names.Length)];
    }

    private static string[] Words(string text) => [.. System.Text.RegularExpressions.Regex.Matches(text, @"[\w.%$]+|\s+|.").Select(match => match.Value)];
}

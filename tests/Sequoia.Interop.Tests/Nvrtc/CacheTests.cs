namespace Sequoia.Interop.Tests.Nvrtc;

/// <summary>Kernels kept on disk: found again, never confused, and never trusted when damaged.</summary>
internal sealed class CacheTests
{
    private const string Source = "#include \"h.h\"\ntemplate <int N> __global__ void f(int* x) { x[0] = N + H; }\n#warning seen\n";

    private static readonly CompileOptions s_options = new()
    {
        Kernels = ["f<2>"],
        Headers = new Dictionary<string, string> { ["h.h"] = "#define H 1\n" },
    };

    [TestCase("compute_80")]
    [TestCase("sm_80")]
    public void The_second_time_everything_comes_from_the_cache(string architecture)
    {
        using var folder = new TemporaryFolder();
        CudaCompiler compiler = NeededLibraries.Compiler(new KernelCache(Path.Combine(folder.Path, "deep", "kernels")));
        CompileOptions options = s_options with { Architecture = architecture };
        CompiledKernels first = compiler.Compile(Source, options), second = compiler.Compile(Source, options);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.FromCache, Is.False);
            Assert.That(second.FromCache);
            Assert.That(second.Image.ToArray(), Is.EqualTo(first.Image.ToArray()));
            Assert.That(second.IsCubin, Is.EqualTo(first.IsCubin));
            Assert.That(second.Log, Is.EqualTo(first.Log).And.Contain("seen"));
            Assert.That(second.LoweredNames, Is.EqualTo(first.LoweredNames));
            Assert.That(second.Resources, Is.EqualTo(first.Resources));
            Assert.That(Directory.GetFiles(compiler.Cache!.Folder), Has.Length.EqualTo(1), "no temporary file is left");
        }
    }

    [Test]
    public void Whatever_changes_the_result_changes_the_key()
    {
        string[] keys =
        [
            Key(Source, s_options, new(12, 4)),
            Key(Source, s_options, new(12, 5)),
            Key(Source + " ", s_options, new(12, 4)),
            Key(Source, s_options with { FileName = "other.cu" }, new(12, 4)),
            Key(Source, s_options with { Architecture = "compute_90" }, new(12, 4)),
            Key(Source, s_options with { Kernels = ["f<2>", "f<3>"] }, new(12, 4)),
            Key(Source, s_options with { Headers = new Dictionary<string, string> { ["h.h"] = "#define H 2\n" } }, new(12, 4)),
            Key(Source, s_options with { Headers = new Dictionary<string, string> { ["g.h"] = "#define H 1\n" } }, new(12, 4)),
            Key(Source, s_options with { Defines = new Dictionary<string, string?> { ["A"] = null } }, new(12, 4)),
            Key(Source, s_options with { Defines = new Dictionary<string, string?> { ["A"] = "" } }, new(12, 4)),
            Key(Source, s_options with { FastMath = true }, new(12, 4)),
            Key(Source, s_options with { MaxRegisters = 32 }, new(12, 4)),
            Key(Source, s_options with { LineInfo = false }, new(12, 4)),
            Key(Source, s_options with { Extra = ["-G"] }, new(12, 4)),
        ];
        Assert.That(keys, Is.Unique);
        Assert.That(Key(Source, s_options with { }, new(12, 4)), Is.EqualTo(keys[0]));
    }

    [Test]
    public void A_damaged_file_is_ignored_and_written_anew()
    {
        using var folder = new TemporaryFolder();
        CudaCompiler compiler = NeededLibraries.Compiler(new KernelCache(folder.Path));
        byte[] right = compiler.Compile(Source, s_options).Image.ToArray();
        string file = Directory.GetFiles(folder.Path).Single();
        byte[] whole = File.ReadAllBytes(file);
        byte[] flipped = [.. whole];
        flipped[whole.Length / 2] ^= 1;
        foreach (byte[] damaged in (byte[][])[[], whole[..20], whole[..^1], flipped, [.. whole, 0]])
        {
            File.WriteAllBytes(file, damaged);
            CompiledKernels again = compiler.Compile(Source, s_options);
            Assert.That(again.FromCache, Is.False);
            Assert.That(again.Image.ToArray(), Is.EqualTo(right));
            Assert.That(File.ReadAllBytes(file), Is.EqualTo(whole));
        }
    }

    [Test]
    public void A_folder_that_cannot_be_made_costs_only_the_time_to_compile()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("kernels", "a file where the folder should be");
        CudaCompiler compiler = NeededLibraries.Compiler(new KernelCache(file));
        Assert.That(compiler.Compile(Source, s_options).FromCache, Is.False);
        Assert.That(compiler.Compile(Source, s_options).FromCache, Is.False);
    }

    [Test]
    public void Sources_that_include_files_are_compiled_every_time()
    {
        using var folder = new TemporaryFolder();
        using var headers = new TemporaryFolder();
        headers.Write("h.h", "#define H 1\n");
        CudaCompiler compiler = NeededLibraries.Compiler(new KernelCache(folder.Path));
        CompileOptions options = new() { Kernels = ["f<2>"], Extra = [$"--include-path={headers.Path}"] };
        string one = compiler.Compile(Source, options).Ptx;
        headers.Write("h.h", "#define H 5\n");
        Assert.That(compiler.Compile(Source, options).Ptx, Is.Not.EqualTo(one));
    }

    [Test]
    public void Threads_that_compile_the_same_source_do_not_disturb_each_other()
    {
        using var folder = new TemporaryFolder();
        CudaCompiler compiler = NeededLibraries.Compiler(new KernelCache(folder.Path));
        string right = NeededLibraries.Compiler().Compile(Source, s_options).Ptx;
        Parallel.For(0, 24, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
            Assert.That(compiler.Compile(Source, s_options).Ptx, Is.EqualTo(right)));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1));
    }

    private static string Key(string source, CompileOptions options, Version nvrtc) => KernelCache.Key(source, options, NvrtcArguments.Of(options), nvrtc);
}

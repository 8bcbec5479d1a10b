namespace Sequoia.Cli.Tests;

public class KernelsTests
{
    private const string Sum = """
        // Sums a block's numbers; PLACE stands where a barrier belongs.
        extern "C" __global__ void sum(const float* x, float* y)
        {
            __shared__ float shared[64];
            shared[threadIdx.x] = x[blockIdx.x * 64 + threadIdx.x];
            PLACE
            if (threadIdx.x == 0) {
                float total = 0.0f;
                for (int i = 0; i < 64; i++)
                    total += shared[i];
                y[blockIdx.x] = total;
            }
        }
        """;

    private const string SumLaunch = """{"kernel":"sum","grid":3,"block":64,"args":[{"type":"f32","shape":[3,64],"fill":"random"},{"type":"f32","shape":3}]}""";

    private TemporaryFolder? _folder;

    [SetUp]
    public void Begin()
    {
        _ = NeededLibraries.Compiler();
        _folder = new TemporaryFolder();
    }

    [TearDown]
    public void End() => _folder?.Dispose();

    [Test]
    public void Compile_tells_what_kernels_take_and_shows_the_ptx()
    {
        string file = Source(Sum.Replace("PLACE", "__syncthreads();"));
        SequoiaProcess table = SequoiaProcess.Run("kernels", "compile", file);
        Assert.That(table.Status, Is.Zero, table.Notes);
        Assert.That(table.Out, Does.Contain("| sum").And.Contain("sm_80").And.Contain("sm_90").And.Contain("256 B"));
        SequoiaProcess json = SequoiaProcess.Run("kernels", "compile", file, "--arch", "sm_86", "--json");
        Assert.That(json.Json["kernels"]![0]!["shared_bytes"]!.GetValue<int>(), Is.EqualTo(256));
        Assert.That(json.Json["kernels"]![0]!["registers"]!.GetValue<int>(), Is.InRange(4, 255));
        Assert.That(SequoiaProcess.Run("kernels", "compile", file, "--ptx").Out, Does.Contain(".visible .entry sum").And.Contain("bar.sync"));
    }

    [Test]
    public void A_source_that_does_not_compile_is_told_with_its_line()
    {
        SequoiaProcess run = SequoiaProcess.Run("kernels", "compile", Source("extern \"C\" __global__ void f()\n{\n    nonsense();\n}\n"));
        Assert.That(run.Status, Is.EqualTo(2));
        Assert.That(run.Notes.TrimEnd().Split('\n')[^1], Does.Contain("kernel.cu(3)").And.Contain("nonsense"));
    }

    [Test]
    public void A_kernel_without_mistakes_is_clean_and_counted()
    {
        string file = Source(Sum.Replace("PLACE", "__syncthreads();")), launch = Launch(SumLaunch);
        SequoiaProcess run = SequoiaProcess.Run("kernels", "check", file, "--launch", launch);
        Assert.That(run.Status, Is.Zero, run.Out + run.Notes);
        Assert.That(run.Out, Does.Contain("nothing found in 6 schedules"));
        SequoiaProcess json = SequoiaProcess.Run("kernels", "check", file, "--launch", launch, "--schedules", "1", "--json");
        Assert.That(json.Json["findings"]!.AsArray(), Is.Empty);
        // Blocks of two warps: 32 of them fill a multiprocessor.
        Assert.That(json.Json["occupancy"]!["warps"]!.GetValue<int>(), Is.EqualTo(64));
        Assert.That(json.Json["schedules"]!.GetValue<int>(), Is.EqualTo(3));
        SequoiaProcess bench = SequoiaProcess.Run("kernels", "bench", file, "--launch", launch, "--device", "software");
        Assert.That(bench.Out, Does.Contain("3 blocks of 64 threads").And.Contain("occupancy on sm_80").And.Contain("limited by warps"));
    }

    [Test]
    public void A_missing_barrier_is_found_at_its_line()
    {
        SequoiaProcess run = SequoiaProcess.Run("kernels", "check", Source(Sum.Replace("PLACE", "")), "--launch", Launch(SumLaunch));
        Assert.That(run.Status, Is.EqualTo(1));
        Assert.That(run.Out, Does.Contain("SharedRace").And.Contain("kernel.cu:10"));
    }

    [Test]
    public void Elements_that_are_not_written_are_counted()
    {
        string launch = Launch(SumLaunch.Replace("\"shape\":3}", "\"shape\":5}"));
        SequoiaProcess run = SequoiaProcess.Run("kernels", "check", Source(Sum.Replace("PLACE", "__syncthreads();")), "--launch", launch);
        Assert.That((run.Status, run.Out.Split('\n')[0]), Is.EqualTo((1, "args[1]: 2 of 5 elements were not written [in order]")));
    }

    [TestCase("""{"kernel":"sum","grid":3,"block":64,"args":[]}""", "parameters")]
    [TestCase("""{"kernel":"total","grid":3,"block":64,"args":[]}""", "total")]
    [TestCase("""{"kernel":"sum","grid":3,"block":2048,"args":[{"type":"f32","shape":192},{"type":"f32","shape":3}]}""", "2048")]
    [TestCase("""{"kernel":"sum","grid":0,"block":64,"args":[]}""", "grid: must be a whole number from 1")]
    [TestCase("""{"kernel":"sum","grid":[1,2,3,4],"block":64,"args":[]}""", "grid: must have one to three")]
    [TestCase("""{"kernel":"sum","grid":1,"block":64,"args":[{"type":"f31","shape":3}]}""", "args[0]: type must be one of f32")]
    [TestCase("""{"kernel":"sum","grid":1,"block":64,"args":[{"type":"f32","shape":[100000,100000]}]}""", "more than 2 GiB")]
    [TestCase("""{"kernel":"sum","grid":1,"block":64,"args":[{"type":"u8","scalar":256}]}""", "a number that a u8 holds")]
    [TestCase("""{"kernel":"sum","grid":1,"block":64,"args":[{"type":"u8","scalar":1,"fill":"none"}]}""", "either shape (and fill), or scalar")]
    [TestCase("""{"kernel":"sum","grid":1,"block":64,"size":3,"args":[]}""", "size: is not known")]
    [TestCase("""{"kernel":"sum",""", "not valid JSON")]
    [TestCase("""{"kernel":"\ud800"}""", "half a surrogate pair")]
    [TestCase("""{"\ud800":"sum"}""", "half a surrogate pair")]
    public void Launches_that_make_no_sense_are_told_in_one_line(string launch, string words)
    {
        SequoiaProcess run = SequoiaProcess.Run("kernels", "check", Source(Sum.Replace("PLACE", "__syncthreads();")), "--launch", Launch(launch));
        Assert.That(run.Status, Is.EqualTo(2), run.Notes);
        Assert.That(run.Notes.TrimEnd(), Does.Contain("launch.json").And.Contain(words).And.Not.Contain("\n"));
    }

    private string Source(string text) => _folder!.Write("kernel.cu", text);

    private string Launch(string text) => _folder!.Write("launch.json", text);
}

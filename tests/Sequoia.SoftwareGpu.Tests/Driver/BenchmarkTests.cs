using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests.Driver;

/// <summary>
/// The arithmetic of CudaContext.Benchmark, with the software driver's modelled clock, and events that take 2.53 microseconds as a GPU's do.
/// </summary>
public unsafe class BenchmarkTests : DriverFixture
{
    private const double EventSeconds = 2.53e-6;

    private static readonly List<string> s_calls = [];
    private static readonly DriverTable s_inner = SoftwareDriver.Table;

    private static long s_instructions;

    private CudaContext _context = null!;

    [SetUp]
    public void OpenTimed()
    {
        SoftwareDriver.Options = new LaunchOptions { Counters = true };
        DriverTable table = SoftwareDriver.Table;
        table.cuEventElapsedTime = &Elapsed;
        table.cuMemsetD8Async = &SetBytes;
        table.cuEventRecord = &Record;
        _context = CudaContext.Create(CudaDriver.FromTable("timed", table).Devices[0]);
        s_calls.Clear();
        SoftwareDriver.Launched += Note;
    }

    [TearDown]
    public void CloseTimed()
    {
        SoftwareDriver.Launched -= Note;
        _context.Dispose();
    }

    [Test]
    public void One_launch_between_two_events_is_mostly_the_events() =>
        Assert.That(Measure(1, flush: false), Is.EqualTo(OfLaunch() + EventSeconds).Within(1e-9));

    [Test]
    public void Many_launches_share_the_time_of_two_events_and_of_a_graph()
    {
        const double Graph = 2e-6;
        double one = Measure(100, flush: false);
        Assert.That(one, Is.EqualTo(OfLaunch() + ((EventSeconds + Graph) / 100)).Within(1e-9));
        // 100 ns are 5 % of this launch.
        Assert.That(one / 1e-7, Is.Not.EqualTo(Math.Round(one / 1e-7)).Within(1e-3), "not rounded to a TimeSpan's steps");
    }

    [Test]
    public void Flushes_are_subtracted() => Assert.That(Measure(3, flush: true), Is.EqualTo(OfLaunch()).Within(2e-9));

    [TestCase(1)]
    [TestCase(2)]
    public void A_flush_reads_so_that_the_timed_kernel_writes_no_dirty_lines_back(int launches)
    {
        Measure(launches, flush: true);
        int first = s_calls.IndexOf("event");
        Assert.That(s_calls.Take(first), Has.Exactly(1).EqualTo("memset"), "the data is written once, before anything is timed");
        Assert.That(s_calls.Skip(first), Has.None.EqualTo("memset"));
        Assert.That(s_calls.Where(call => call is "read_all" or "add").TakeLast(2), Is.EqualTo(new[] { "read_all", "add" }));
    }

    [Test]
    public void A_run_has_at_least_one_launch() =>
        Assert.That(() => _context.Benchmark(_ => { }, new() { Launches = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private double Measure(int launches, bool flush)
    {
        using CudaModule module = _context.Load(System.Text.Encoding.UTF8.GetBytes(Ptx));
        using DeviceBuffer<int> data = _context.Upload<int>([1, 2, 3]);
        CudaKernel add = module["add"];
        var options = new BenchmarkOptions { WarmUps = 0, Repeats = 1, Launches = launches, FlushL2 = flush };
        return _context.Benchmark(stream => add.Launch(1, 32, 0, stream, data, 1, 3), options).MedianSeconds;
    }

    /// <summary>What the cost model says of the launch: 2 microseconds, and one for each 100,000 warp instructions.</summary>
    private static double OfLaunch() => 2e-6 + (s_instructions / 1e5 * 1e-6);

    private static void Note(LaunchReport report)
    {
        s_calls.Add(report.Profile!.Kernel);
        if (report.Profile.Kernel == "add")
            s_instructions = report.WarpInstructions;
    }

    [UnmanagedCallersOnly]
    private static CudaResult Elapsed(float* milliseconds, nint start, nint end)
    {
        CudaResult result = s_inner.cuEventElapsedTime(milliseconds, start, end);
        *milliseconds += (float)(EventSeconds * 1e3);
        return result;
    }

    [UnmanagedCallersOnly]
    private static CudaResult SetBytes(ulong to, byte value, nuint count, nint stream)
    {
        s_calls.Add("memset");
        return s_inner.cuMemsetD8Async(to, value, count, stream);
    }

    [UnmanagedCallersOnly]
    private static CudaResult Record(nint mark, nint stream)
    {
        s_calls.Add("event");
        return s_inner.cuEventRecord(mark, stream);
    }
}

using Sequoia.Interop;
using Sequoia.SoftwareGpu;

// A kernel from its source to its result. It runs on the software GPU, with checks and counters; with the argument "cuda", on an NVIDIA GPU.
const int Rows = 64, Columns = 1000;
float[] numbers = [.. Enumerable.Range(0, Rows * Columns).Select(i => i % 77 / 10f)];
string source = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "softmax.cu"));

using CudaContext gpu = args is ["cuda"] ? CudaDevice.Open() : SoftwareDriver.Open(new LaunchOptions { Checks = true, Counters = true });
using CudaModule module = gpu.Compile(CudaCompiler.Load(), source, new() { Kernels = ["softmax"] });
using DeviceBuffer<float> x = gpu.Upload<float>(numbers), y = gpu.Allocate<float>(numbers.Length);
LaunchReport? report = null;
if (gpu.Device.Driver == SoftwareDriver.Driver)
    report = SoftwareDriver.Observe(Launch);
else
    Launch();

Console.WriteLine($"Row 0 sums to {y.ToArray().Take(Columns).Sum():F4}.");
if (report is not null)
    Console.WriteLine($"{report.Findings.Count} findings.\n{report.Profile!.ToTable()}");

void Launch() => module["softmax"].Launch(grid: Rows, block: 256, x, y, Columns);

using Sequoia.Interop;
using Sequoia.SoftwareGpu;

// A kernel from its source to its result. CudaDevice.Open() instead of SoftwareDriver.Open(...) runs it on a GPU.
const int Rows = 64, Columns = 1000;
float[] numbers = [.. Enumerable.Range(0, Rows * Columns).Select(i => i % 77 / 10f)];

using CudaContext gpu = SoftwareDriver.Open(new LaunchOptions { Checks = true, Counters = true });
using CudaModule module = gpu.Load(CudaCompiler.Load().Compile(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "softmax.cu")), new() { Kernels = ["softmax"] }));
using DeviceBuffer<float> x = gpu.Upload<float>(numbers), y = gpu.Allocate<float>(numbers.Length);
LaunchReport report = SoftwareDriver.Observe(() => module["softmax"].Launch(Rows, 256, x, y, Columns));
float[] probabilities = y.ToArray();

Console.WriteLine($"Row 0 sums to {probabilities.Take(Columns).Sum():F4}; {report.Findings.Count} findings.");
Console.WriteLine(report.Profile!.ToTable());

using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using Sequoia.SoftwareGpu.Ilgpu;

// Runs ILGPU's kernels on whatever libcuda the loader finds and on ILGPU's own CPU accelerator, and compares. ILGPU makes its own PTX and
// has its own bindings: neither is under this project's control. One line a kernel; exit status 0 if all agree.
// The CPU accelerator gets warps and blocks of a GPU's size.
using var context = Context.Create(builder => builder.Cuda().CPU(new CPUDevice(numThreadsPerWarp: 32, numWarpsPerMultiprocessor: 32, numMultiprocessors: 1)));
using Accelerator cuda = context.CreateCudaAccelerator(0);
using Accelerator cpu = context.CreateCPUAccelerator(0);
Console.WriteLine($"{cuda.Name}, {((CudaAccelerator)cuda).Architecture}, {((CudaAccelerator)cuda).InstructionSet}");
IReadOnlyList<string> missing = ImportedNames.Missing();
Console.WriteLine($"entry points: {ImportedNames.All().Count} imported, {missing.Count} missing {string.Join(' ', missing)}");
int wrong = missing.Count;
foreach (Comparison comparison in Comparisons.All)
{
    string? difference = comparison.Compare(cuda, cpu);
    wrong += difference is null ? 0 : 1;
    Console.WriteLine($"{comparison.Name}: {difference ?? "equal"}");
}
return wrong == 0 ? 0 : 1;

using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Sequoia.SoftwareGpu.Ilgpu;

/// <summary>One program whose results on two accelerators are to be the same.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Run">Runs it and returns all it computed.</param>
/// <param name="Tolerance">The relative difference allowed; 0: equal bits.</param>
internal sealed record Comparison(string Name, Func<Accelerator, float[]> Run, float Tolerance = 0)
{
    /// <returns>The first difference in words; null where there is none.</returns>
    public string? Compare(Accelerator left, Accelerator right)
    {
        float[] a, b = Run(right);
        try
        {
            a = Run(left);
        }
        catch (CudaException e)
        {
            return e.Message;
        }
        for (int i = 0; i < a.Length; i++)
        {
            bool equal = Tolerance == 0
                ? MemoryMarshal.Cast<float, int>(a)[i] == MemoryMarshal.Cast<float, int>(b)[i]
                : Math.Abs(a[i] - b[i]) <= Tolerance * Math.Abs(b[i]);
            if (!equal)
                return $"place {i} of {a.Length} is {a[i]:R}, but {b[i]:R} on {right.Name}";
        }
        return Array.TrueForAll(a, value => value == 0) ? "nothing was computed" : null;
    }
}

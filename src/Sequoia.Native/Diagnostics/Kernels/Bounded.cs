using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>A number, and how far from it a result may be.</summary>
internal readonly record struct Bounded(double Value, double Error)
{
    /// <summary>Rounded to the nearest element: half of its last place, at the largest value that it may have.</summary>
    public Bounded Narrowed(Element element)
    {
        (int bits, int least) = element == Element.F16 ? (11, -25) : (8, -134);
        // 0 has the least exponent of all integers.
        int exponent = Math.Max(Math.ILogB(Math.Abs(Value) + Error), least);
        return this with { Error = Error + Math.ScaleB(1, Math.Max(exponent - bits, least)) };
    }
}

using Sequoia.Native.Models;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>[position][pair]: angles in double, stored as fp32.</summary>
internal sealed class CpuRopeTable : RopeTable
{
    public CpuRopeTable(LlamaConfig config, int positions)
    {
        Pairs = config.HeadDim / 2;
        Cos = new float[checked(positions * Pairs)];
        Sin = new float[Cos.Length];
        for (int pair = 0; pair < Pairs; pair++)
        {
            double frequency = Math.Pow(config.RopeTheta, -2.0 * pair / config.HeadDim);
            frequency = config.RopeScaling?.Scale(frequency) ?? frequency;
            for (int position = 0; position < positions; position++)
            {
                (double sin, double cos) = Math.SinCos(position * frequency);
                Cos[(position * Pairs) + pair] = (float)cos;
                Sin[(position * Pairs) + pair] = (float)sin;
            }
        }
    }

    public int Pairs { get; }

    public float[] Cos { get; }

    public float[] Sin { get; }

    public override void Dispose()
    {
    }
}

using Sequoia.Native.Numerics;

namespace Sequoia.Native.Tests.Numerics;

public class NormalNumbersTests
{
    [Test]
    public void Numbers_have_the_mean_the_deviation_and_the_tail_of_the_normal_distribution()
    {
        const int Blocks = 64, Count = Blocks * NormalNumbers.Block;
        var normal = new NormalNumbers(deviation: 0.5f);
        ushort[] numbers = new ushort[NormalNumbers.Block];
        double sum = 0, squares = 0, largest = 0;
        int beyondTwo = 0;
        for (uint block = 0; block < Blocks; block++)
        {
            normal.Fill(numbers, seed: 7, block);
            foreach (ushort number in numbers)
            {
                double x = BitConverter.UInt32BitsToSingle((uint)number << 16) / 0.5;
                sum += x;
                squares += x * x;
                largest = Math.Max(largest, x);
                beyondTwo += Math.Abs(x) > 2 ? 1 : 0;
            }
        }
        using (Assert.EnterMultipleScope())
        {
            // Five standard errors. The variance of the 65,536 quantiles is 1 - 2e-5. Numbers above 2 in BF16 begin at 2 + 1/128.
            Assert.That(sum / Count, Is.EqualTo(0).Within(5 / Math.Sqrt(Count)));
            Assert.That(squares / Count, Is.EqualTo(1).Within((5 * Math.Sqrt(2.0 / Count)) + 1e-4));
            Assert.That(beyondTwo / (double)Count, Is.EqualTo(0.0447).Within(5 * Math.Sqrt(0.0447 / Count)));
            // The last quantile is that of 1 - 2^-17; BF16 has eight significant bits.
            Assert.That(largest, Is.EqualTo(4.3249).Within(4.3249 / 256));
        }
    }

    [Test]
    public void A_number_depends_on_its_seed_and_position_alone()
    {
        var normal = new NormalNumbers(deviation: 1);
        ushort[] all = Fill(NormalNumbers.Block, 7, 3);
        using (Assert.EnterMultipleScope())
        {
            foreach (int count in (int[])[2, 2046, 2048, 2050, 40_000])
                Assert.That(Fill(count, 7, 3), Is.EqualTo(all[..count]));
            Assert.That(Fill(64, 7, 4), Is.Not.EqualTo(all[..64]));
            Assert.That(Fill(64, 8, 3), Is.Not.EqualTo(all[..64]));
            Assert.That(all[2048..2112], Is.Not.EqualTo(all[..64]));
        }

        ushort[] Fill(int count, ulong seed, uint block)
        {
            ushort[] numbers = new ushort[count];
            normal.Fill(numbers, seed, block);
            return numbers;
        }
    }
}

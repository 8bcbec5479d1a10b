using Sequoia.Native.Trees;

namespace Sequoia.Native.Tests.Trees;

public class SizeSplitTests
{
    [Test]
    public void The_majorant_is_concave_nowhere_below_and_no_higher_than_needed()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            double[] values = Steps(new Random(seed), 60);
            var majorant = new ConcaveMajorant(values.Length);
            for (int count = 1; count <= values.Length; count++)
            {
                majorant.Append(values[count - 1]);
                for (int at = 0; at < count; at++)
                    Assert.That(majorant.Upper(at), Is.EqualTo(Majorant(values.AsSpan(0, count), at)).Within(1e-12), $"seed {seed}, {at} of {count}");
            }
            majorant.Truncate(values.Length / 2);
            Assert.That(majorant.Values.ToArray(), Is.EqualTo(values[..(values.Length / 2)]));
            Assert.That(majorant.Upper(5), Is.EqualTo(Majorant(values.AsSpan(0, values.Length / 2), 5)).Within(1e-12));
        }
    }

    [Test]
    public void No_split_is_overlooked()
    {
        // Far from concave, so that the search goes on over several stretches.
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            double p = random.NextDouble();
            (ConcaveMajorant subtree, ConcaveMajorant younger) = (Of(Steps(random, 400)), Of(Steps(random, 400)));
            double[] tile = new double[SizeSplit.Tile];
            int start = 0;
            for (int first = 1; first < 400; first += SizeSplit.Tile)
            {
                Span<double> found = tile.AsSpan(0, Math.Min(SizeSplit.Tile, 400 - first));
                SizeSplit.Most(p, subtree, younger, first, found, ref start);
                for (int i = 0, m = first; i < found.Length; i++, m++)
                {
                    double most = Enumerable.Range(1, m).Max(j => (p * subtree.Values[j]) + younger.Values[m - j]);
                    Assert.That(found[i], Is.EqualTo(most).Within(1e-12), $"seed {seed}, {m} nodes");
                }
            }
        }
    }

    // Rises at random places; by equal heights for some seeds, so that points lie on one line.
    private static double[] Steps(Random random, int count)
    {
        double[] values = new double[count];
        bool equal = random.Next(2) == 0;
        int seldom = 1 + random.Next(30);
        for (int i = 1; i < count; i++)
            values[i] = values[i - 1] + (random.Next(seldom) > 0 ? 0 : equal ? 0.5 : random.NextDouble());
        return values;
    }

    private static ConcaveMajorant Of(double[] values)
    {
        var majorant = new ConcaveMajorant(values.Length);
        Array.ForEach(values, majorant.Append);
        return majorant;
    }

    /// <summary>The highest line over a place between any two points of the sequence.</summary>
    private static double Majorant(ReadOnlySpan<double> values, int at)
    {
        double highest = values[at];
        for (int left = 0; left < at; left++)
        {
            for (int right = at + 1; right < values.Length; right++)
                highest = Math.Max(highest, values[left] + ((values[right] - values[left]) * (at - left) / (right - left)));
        }
        return highest;
    }
}

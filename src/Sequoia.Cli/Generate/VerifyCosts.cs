using System.Globalization;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Reads "n:t,n:t,...": the time t of a target pass over n nodes, relative to one node; sizes ascend.</summary>
internal static class VerifyCosts
{
    public static SortedDictionary<int, double> Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new InvalidInputException("--verify-cost: is empty; give sizes and times, as in 1:1,8:1.2");
        var costs = new SortedDictionary<int, double>();
        int before = 0;
        foreach (string pair in text.Split(','))
        {
            string[] parts = pair.Split(':');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int size) || size < 1
                || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double time) || !(time > 0 && time <= 1e9))
            {
                throw new InvalidInputException($"--verify-cost \"{pair}\": must be size:time with a size from 1 on and a time above 0, as in 1:1,8:1.2");
            }
            if (size <= before)
                throw new InvalidInputException($"--verify-cost: size {size} comes behind {before}; give each size once, the smallest first");
            costs.Add(size, time);
            before = size;
        }
        return costs;
    }
}

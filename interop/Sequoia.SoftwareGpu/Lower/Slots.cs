namespace Sequoia.SoftwareGpu.Lower;

/// <summary>
/// Assigns every value a slot in the register file. Values that are never live together share a slot, so that a warp's registers fit in the host's
/// L1 cache. Masked writes make this safe under divergence, because a lane's values are live exactly as long as the control flow graph says.
/// </summary>
internal sealed class Slots
{
    private const int Line = 64;

    private readonly List<int>[] _free = [[], [], []];
    private int _top;

    private Slots(int start) => _top = start;

    /// <summary>Assigns offsets and returns the size of the register file.</summary>
    public static int Assign(List<Value> fixedValues, List<Value> values, (int First, int Last)[] ranges)
    {
        int fixedTop = 0;
        foreach (Value value in fixedValues.OrderByDescending(v => v.Bytes))
        {
            value.Offset = fixedTop;
            fixedTop += value.Bytes;
        }

        Slots slots = new((fixedTop + Line - 1) / Line * Line);
        int predicates = values.Count(v => v.Width == Width.Predicate);
        int predicateTop = slots._top;
        slots._top += ((predicates * 4) + Line - 1) / Line * Line;
        foreach (Value value in values.Where(v => v.Width == Width.Predicate))
        {
            value.Offset = predicateTop;
            predicateTop += 4;
        }

        slots.Scan([.. values.Where(v => v.Width != Width.Predicate)], ranges);
        return slots._top;
    }

    private void Scan(List<Value> values, (int First, int Last)[] ranges)
    {
        values.Sort((a, b) => ranges[a.Number].First.CompareTo(ranges[b.Number].First));
        PriorityQueue<Value, int> active = new();
        foreach (Value value in values)
        {
            (int first, int last) = ranges[value.Number];
            while (active.TryPeek(out Value? ended, out int end) && end < first)
            {
                active.Dequeue();
                _free[(int)ended.Width].Add(ended.Offset);
            }

            value.Offset = Take(value.Width);
            active.Enqueue(value, last);
        }
    }

    private int Take(Width width)
    {
        List<int> free = _free[(int)width];
        if (free.Count > 0)
        {
            int offset = free[^1];
            free.RemoveAt(free.Count - 1);
            return offset;
        }

        int fresh = _top;
        _top += width == Width.Word ? 128 : 256;
        return fresh;
    }
}

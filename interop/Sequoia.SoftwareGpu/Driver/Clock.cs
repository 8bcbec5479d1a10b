namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A vector clock: how much work of each timeline is known to be complete before something else starts. Immutable.</summary>
internal sealed class Clock
{
    private readonly long[] _counts;

    private Clock(long[] counts) => _counts = counts;

    public static Clock Empty { get; } = new([]);

    public long this[int slot] => slot < _counts.Length ? _counts[slot] : 0;

    /// <summary>A clock that also knows the first pieces of work of a timeline.</summary>
    public Clock With(int slot, long count)
    {
        if (this[slot] >= count)
            return this;
        long[] counts = new long[Math.Max(_counts.Length, slot + 1)];
        _counts.CopyTo(counts, 0);
        counts[slot] = count;
        return new Clock(counts);
    }

    /// <summary>A clock that knows what either knows.</summary>
    public Clock Join(Clock other)
    {
        if (IsIn(other))
            return other;
        if (other.IsIn(this))
            return this;
        long[] counts = new long[Math.Max(_counts.Length, other._counts.Length)];
        for (int slot = 0; slot < counts.Length; slot++)
            counts[slot] = Math.Max(this[slot], other[slot]);
        return new Clock(counts);
    }

    /// <summary>A clock that knows what both know.</summary>
    public Clock Meet(Clock other)
    {
        if (IsIn(other))
            return this;
        long[] counts = new long[Math.Min(_counts.Length, other._counts.Length)];
        for (int slot = 0; slot < counts.Length; slot++)
            counts[slot] = Math.Min(this[slot], other[slot]);
        return new Clock(counts);
    }

    private bool IsIn(Clock other)
    {
        if (ReferenceEquals(this, other))
            return true;
        for (int slot = 0; slot < _counts.Length; slot++)
        {
            if (_counts[slot] > other[slot])
                return false;
        }
        return true;
    }
}

/// <summary>A piece of work of a timeline: its number there, and what was known to be complete when it was queued.</summary>
internal readonly record struct Stamp(int Slot, long Count, Clock Known)
{
    /// <summary>Whether the other work is complete before this work starts.</summary>
    public bool Follows(Stamp other) => other.Count <= (other.Slot == Slot ? Count : Known[other.Slot]);
}

/// <summary>The order of a stream's work, and what its next work knows.</summary>
internal sealed class Timeline(Timelines all, int slot, long count)
{
    private Clock _known = Clock.Empty;

    public int Slot => slot;

    public long Count { get; private set; } = count;

    /// <summary>Everything that is complete once the work queued so far is.</summary>
    public Clock Now => _known.With(slot, Count);

    public void Learn(Clock clock) => _known = _known.Join(clock);

    /// <summary>The same for all work of another timeline.</summary>
    public void Learn(Timeline other)
    {
        if (_known[other.Slot] < other.Count)
            Learn(other.Now);
    }

    /// <summary>Stamps the next piece of work, which follows all that the host has waited for.</summary>
    public Stamp Next()
    {
        Learn(all.Host);
        return new Stamp(slot, ++Count, _known);
    }
}

/// <summary>The timelines of all streams. A slot is used again once the host has waited for all that was in it.</summary>
internal sealed class Timelines
{
    private readonly List<Timeline> _ended = [];
    private int _slots;

    /// <summary>What the host has waited for. Its threads count as one.</summary>
    public Clock Host { get; private set; } = Clock.Empty;

    public Timeline Begin()
    {
        int known = _ended.FindIndex(one => Host[one.Slot] >= one.Count);
        if (known < 0)
            return new Timeline(this, _slots++, 0);
        Timeline ended = _ended[known];
        _ended.RemoveAt(known);
        return new Timeline(this, ended.Slot, ended.Count);
    }

    public void End(Timeline timeline) => _ended.Add(timeline);

    public void WaitFor(Clock clock) => Host = Host.Join(clock);
}

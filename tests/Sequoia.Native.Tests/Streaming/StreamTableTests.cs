using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Native.Tests.Streaming;

/// <summary>The ring as a table: no chunk is overwritten before its last use, and no pass waits for ever.</summary>
internal sealed class StreamTableTests
{
    [Test]
    public void No_two_chunks_that_live_at_once_overlap_and_reading_never_stops()
    {
        var random = new Random(1);
        for (int round = 0; round < 2000; round++)
        {
            long[] bytes = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => random.Next(4) == 0 ? 0L : random.Next(1, 30))];
            long ring = Math.Max(1, bytes.Max()) + random.Next(60);
            Simulate(new StreamTable(bytes, ring), bytes, ring, random);
        }
    }

    [Test]
    public void The_smallest_ring_holds_one_chunk_at_a_time()
    {
        var table = new StreamTable([5, 0, 5, 3, 5], 5);
        Assert.That(Enumerable.Range(0, 5).Select(table.After), Is.EqualTo(new[] { -1, -4, 0, 2, 3 }));
    }

    [Test]
    public void A_ring_that_would_wait_for_ever_is_refused() =>
        Assert.That(() => new StreamTable([3, 8, 2], 7), Throws.ArgumentException.With.Message.StartsWith("a ring of 7 bytes cannot hold a chunk of 8"));

    /// <summary>
    /// Three passes of a reader and a user that move at random: the reader whenever the table lets it, up to a whole pass ahead. Whoever is in the ring is remembered byte by
    /// byte; a chunk must find all its bytes when it is used.
    /// </summary>
    private static void Simulate(StreamTable table, long[] bytes, long ring, Random random)
    {
        long[] owner = new long[ring];
        Array.Fill(owner, -1);
        int count = bytes.Length, total = 3 * count, read = 0, used = 0;
        while (used < total)
        {
            bool mayRead = read < total && used > (read / count * count) + table.After(read % count);
            bool mayUse = used < read;
            Assert.That(mayRead || mayUse, Is.True, $"nothing can go on: read {read}, used {used} of chunks {string.Join(' ', bytes)} in {ring}");
            if (mayRead && (!mayUse || random.Next(3) > 0))
            {
                int chunk = read % count;
                Assert.That(table.Offset(chunk) + bytes[chunk], Is.LessThanOrEqualTo(ring));
                owner.AsSpan((int)table.Offset(chunk), (int)bytes[chunk]).Fill(read++);
            }
            else
            {
                int chunk = used % count;
                Assert.That(owner.AsSpan((int)table.Offset(chunk), (int)bytes[chunk]).ToArray(), Is.All.EqualTo(used), $"chunk {used} of {string.Join(' ', bytes)} in {ring}");
                used++;
            }
        }
    }
}

using Sequoia.Native.Backends.Streaming;

namespace Sequoia.Native.Tests.Streaming;

internal sealed class PlacementPlannerTests
{
    private const long Chunk = 4 << 20;

    private static readonly MemoryNeeds Needs = new(100 << 20, 0, 50 << 20, 25 << 20, 25 << 20);

    private static long[] Chunks(int count) => [.. Enumerable.Repeat(Chunk, count)];

    [Test]
    public void All_stay_if_all_fit()
    {
        PlacementPlan plan = PlacementPlanner.Plan(new(Chunks(100)), Needs.Total + (100 * Chunk), Needs, StreamMode.Auto);
        Assert.That((plan.StreamedBytes, plan.RingBytes, plan.ResidentCount), Is.EqualTo((0L, 0L, 100)));
    }

    [Test]
    public void What_is_left_holds_residents_and_nothing_exceeds_the_budget()
    {
        var random = new Random(2);
        for (int round = 0; round < 500; round++)
        {
            long[] chunks = [.. Enumerable.Range(0, random.Next(1, 300)).Select(_ => random.NextInt64(1, Chunk))];
            long largest = chunks.Max(), budget = Needs.Total + Math.Min(chunks.Sum() - 1, (2 * largest) + random.NextInt64(chunks.Sum()));
            if (budget - Needs.Total < Math.Min(chunks.Sum(), 2 * largest))
                continue;
            PlacementPlan plan = PlacementPlanner.Plan(new(chunks), budget, Needs, StreamMode.Auto);
            Assert.That(plan.TotalBytes, Is.LessThanOrEqualTo(budget));
            Assert.That(plan.TotalBytes, Is.GreaterThan(budget - largest), "no room for another chunk is left over");
            Assert.That(plan.ResidentBytes + plan.StreamedBytes, Is.EqualTo(chunks.Sum()));
            Assert.That(plan.ResidentBytes, Is.EqualTo(chunks.Where((_, i) => plan.IsResident(i)).Sum()));
        }
    }

    [Test]
    public void Nothing_stays_if_all_is_to_be_streamed()
    {
        PlacementPlan plan = PlacementPlanner.Plan(new(Chunks(100)), Needs.Total + (1000 * Chunk), Needs, StreamMode.All);
        Assert.That((plan.ResidentCount, plan.StreamedBytes), Is.EqualTo((0, 100 * Chunk)));
    }

    [Test]
    public void A_budget_that_cannot_work_names_its_parts_and_what_would()
    {
        InvalidInputException e = Assert.Throws<InvalidInputException>(() => PlacementPlanner.Plan(new(Chunks(100)), 150_000_000, Needs, StreamMode.Auto))!;
        Assert.That(e.Parameter, Is.EqualTo("memory"));
        Assert.That(e.Message, Is.EqualTo(
            "memory: 150 MB are too few, in GB: ring 0.008, program 0.105, draft 0.052, caches 0.026, tree 0.026; allow 220 MB, or use a smaller tree, draft or context"));
        Assert.That(() => PlacementPlanner.Plan(new(Chunks(100)), 220_000_000, Needs, StreamMode.Auto), Throws.Nothing);
    }

    /// <summary>
    /// Residents are spread evenly: any stretch of a pass has its share of them, to within three chunks (multiples of the golden ratio have a discrepancy
    /// of less than 3 for stretches of up to a thousand).
    /// </summary>
    [Test]
    public void Residents_are_spread_evenly_and_a_change_of_their_number_moves_no_other()
    {
        const int Count = 1000;
        var chunks = new ChunkOrder(Chunks(Count));
        Assert.That(Enumerable.Range(0, Count).Select(chunks.Rank).Order(), Is.EqualTo(Enumerable.Range(0, Count)));
        for (int residents = 1; residents < Count; residents += 37)
        {
            var plan = new PlacementPlan(chunks, residents, 0, 0, default);
            Assert.That(Enumerable.Range(0, Count).Count(plan.IsResident), Is.EqualTo(residents));
            int[] before = new int[Count + 1];
            for (int i = 0; i < Count; i++)
                before[i + 1] = before[i] + (plan.IsResident(i) ? 1 : 0);
            for (int from = 0; from < Count; from += 13)
            {
                for (int to = from + 1; to <= Count; to += 17)
                    Assert.That(before[to] - before[from], Is.EqualTo((to - from) * (double)residents / Count).Within(3), $"{residents}: {from}..{to}");
            }
        }
    }
}

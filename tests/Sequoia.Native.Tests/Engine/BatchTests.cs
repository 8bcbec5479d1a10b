using Sequoia.Native.Backends;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Engine;

/// <summary>What a sequence gets does not depend on the sequences that decode with it, nor on whose pages its prompt is in.</summary>
public sealed class BatchTests
{
    [Test]
    public void Sequences_together_say_what_each_says_alone(
        [ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string kernels, [Values(1, 2, 3, 8)] int count, [Values(0f, 0.9f)] float temperature)
    {
        using var pair = new Pair(kernels);
        BatchChecks.CheckTogether(pair.Target, pair.Draft, count, temperature, steps: 16);
    }

    [Test]
    public void Sequences_that_share_pages_say_what_they_say_without_sharing(
        [ValueSource(typeof(TestModel), nameof(TestModel.KernelTables))] string kernels, [Values(0f, 0.9f)] float temperature)
    {
        using var pair = new Pair(kernels);
        BatchChecks.CheckSharedPages(pair.Target, pair.Draft, Enumerable.Range(0, 131), temperature, steps: 4);
    }

    [Test]
    public void A_pool_too_small_for_a_prompt_says_what_is_needed_and_free()
    {
        using var pair = new Pair("");
        using var decoder = new Decoder(pair.Target, null, [TokenTree.Root, TokenTree.Root], 40, pages: 5);
        decoder.Start(0, [1, 2, 3], new SamplingOptions(0), 0, default);
        KvCacheFullException refused = Assert.Throws<KvCacheFullException>(() => decoder.Start(1, [1, 2, 3], new SamplingOptions(0), 0, default))!;
        Assert.That((refused.Needed, refused.Free), Is.EqualTo((3, 2)));
        Assert.That(refused.Message, Is.EqualTo("prompt: its keys and values need 3 more pages of 16 tokens, and 2 are free; wait for other texts to end, or ask for fewer tokens"));
        // Nothing was taken, and the sequence that did not begin cannot be stepped into pages of others.
        Assert.That(decoder.Sequences[0].TargetPages.Pool.FreePages, Is.EqualTo(2));
        Assert.Throws<InvalidOperationException>(() => decoder.Step());
    }

    [Test]
    public void Tokens_and_lengths_that_cannot_be_are_refused()
    {
        using var pair = new Pair("");
        using var decoder = new Decoder(pair.Target, pair.Draft, TokenTree.Chain(3), 40);
        foreach (int[] prompt in (int[][])[[], [1, 67], [1, -1], [1, int.MinValue], [.. Enumerable.Repeat(1, 41)]])
            Assert.Catch<ArgumentException>(() => decoder.Start(prompt, new SamplingOptions(0), 0, default), string.Join(' ', prompt));
        decoder.Start([.. Enumerable.Repeat(1, 40)], new SamplingOptions(0), 0, default);
        InvalidOperationException full = Assert.Throws<InvalidOperationException>(() =>
        {
            while (true)
                decoder.Step();
        })!;
        Assert.That(full.Message, Does.Contain("end of its context"));
        Assert.That(decoder.Sequences[0].Committed, Is.InRange(40, 44), "within the context and the tree");
    }

    [Test]
    public void Only_what_was_computed_can_be_shared()
    {
        using var pair = new Pair("");
        using var decoder = new Decoder(pair.Target, pair.Draft, [TokenTree.Chain(2), TokenTree.Chain(2)], 100);
        int[] prompt = [.. Enumerable.Range(1, 40)];
        decoder.Start(0, prompt.AsSpan(0, 20), new SamplingOptions(0), 0, default);
        Assert.Throws<InvalidOperationException>(() => decoder.Start(1, prompt, new SamplingOptions(0), 0, default, like: 0, shared: 39));
        decoder.Start(1, prompt, new SamplingOptions(0), 0, default, like: 0, shared: 19);
        Assert.That(decoder.Sequences[1].TargetPages.Pages[0], Is.EqualTo(decoder.Sequences[0].TargetPages.Pages[0]));
    }

    [Test]
    public void A_sequence_borrows_only_from_others_that_have_all_it_needs()
    {
        using var pair = new Pair("");
        using var decoder = new Decoder(pair.Target, pair.Draft, [TokenTree.Root, TokenTree.Chain(2)], 100);
        int[] prompt = [.. Enumerable.Range(1, 40)];
        decoder.Start(0, prompt, new SamplingOptions(0), 0, default);
        decoder.Start(1, prompt, new SamplingOptions(0), 0, default);
        Assert.Throws<InvalidOperationException>(() => decoder.Start(1, prompt, new SamplingOptions(0), 0, default, like: 0, shared: 32), "a lone root has no draft's pages");
        Assert.Throws<InvalidOperationException>(() => decoder.Start(1, prompt, new SamplingOptions(0), 0, default, like: 1, shared: 32), "its own pages");
        decoder.Start(1, prompt, new SamplingOptions(0), 0, default);
        decoder.Start(0, prompt, new SamplingOptions(0), 0, default, like: 1, shared: 32);
    }

    /// <summary>More sequences than a word has bits, of which any may lag.</summary>
    [Test]
    public void Many_sequences_together_say_what_each_says_alone([Values(0f, 0.9f)] float temperature)
    {
        using var pair = new Pair("");
        BatchChecks.CheckTogether(pair.Target, pair.Draft, 97, temperature, steps: 6);
    }

    [Test]
    public void A_sequence_whose_prompt_was_cancelled_has_not_begun()
    {
        using var pair = new Pair("");
        using var decoder = new Decoder(pair.Target, pair.Draft, TokenTree.Chain(2), 100);
        decoder.Start([1, 2, 3], new SamplingOptions(0), 0, default);
        int free = decoder.Sequences[0].TargetPages.Pool.FreePages;
        Assert.Throws<OperationCanceledException>(() => decoder.Start([1, 2, 3], new SamplingOptions(0), 0, new CancellationToken(canceled: true)));
        Assert.That(decoder.Sequences[0].TargetPages.Pool.FreePages, Is.GreaterThan(free));
        Assert.That(Assert.Throws<InvalidOperationException>(() => decoder.Step())!.Message, Is.EqualTo("a sequence has not begun"));
        decoder.Start([1, 2, 3], new SamplingOptions(0), 0, default);
        Assert.That(decoder.Step().Length, Is.Positive);
    }

    [Test]
    public void Pages_come_back_when_their_last_user_ends()
    {
        using var pair = new Pair("");
        using KvPool pool = pair.Target.Backend.CreatePool(pair.Target.Config, 6);
        using KvPages lender = new(pool, 64), borrower = new(pool, 64);
        lender.Reserve(50);
        borrower.Share(lender, 32);
        borrower.Reserve(33);
        Assert.That((pool.FreePages, borrower.Pages[0], borrower.Pages[1]), Is.EqualTo((1, lender.Pages[0], lender.Pages[1])));
        lender.Clear();
        Assert.That(pool.FreePages, Is.EqualTo(3));
        borrower.Clear();
        Assert.That(pool.FreePages, Is.EqualTo(6));
        Assert.Throws<InvalidOperationException>(() => borrower.Share(lender, 32), "what it does not have");
        lender.Reserve(64);
        Assert.That(lender.Pages.ToArray(), Is.Unique);
    }

    private sealed class Pair : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly TestModel _target, _draft;

        public Pair(string kernels)
        {
            string target = Path.Combine(_folder.Path, "target"), draft = Path.Combine(_folder.Path, "draft");
            RandomModel.Write(target, new RandomModel.Shape(Vocabulary: 67, Context: 512, Type: "BF16"));
            RandomModel.Write(draft, new RandomModel.Shape(Vocabulary: 67, Context: 512, Layers: 1, Type: "BF16"));
            (_target, _draft) = (new TestModel(target, kernels), new TestModel(draft, kernels));
        }

        public Llama Target => _target.Llama;

        public Llama Draft => _draft.Llama;

        public void Dispose()
        {
            _draft.Dispose();
            _target.Dispose();
            _folder.Dispose();
        }
    }
}

using Sequoia.Native.Backends;
using Sequoia.Native.Engine;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Generation;

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
        // Nothing was taken.
        Assert.That(decoder.Sequences[0].TargetPages.Pool.FreePages, Is.EqualTo(2));
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

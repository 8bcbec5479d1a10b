using Sequoia.Native.Backends;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Backends;

/// <summary>Which children a node gets: what a method's law does not show, since it is lossless for any children.</summary>
public sealed class DrawChildrenTests
{
    private const int Children = 12;

    [Test]
    public void Target_only_takes_the_likeliest_tokens_at_any_temperature([Values(0f, 1f)] float temperature)
    {
        (int[] children, float[] logits) = Draw(SpeculationMethod.TargetOnly, temperature, seed: 1);
        Assert.That(children, Is.EqualTo(Enumerable.Range(0, logits.Length).OrderByDescending(token => logits[token]).Take(Children)));
    }

    [Test]
    public void Every_method_takes_the_likeliest_tokens_when_greedy([Values] SpeculationMethod method) =>
        Assert.That(Draw(method, 0, seed: 1).Children, Is.EqualTo(Draw(SpeculationMethod.TargetOnly, 0, seed: 2).Children));

    [Test]
    public void Sequoias_children_differ_and_SpecInfers_may_come_twice()
    {
        // Twelve draws of 64 tokens by a law no flatter than the uniform one are all different at most every third time.
        int repeated = Enumerable.Range(0, 30).Count(seed => Draw(SpeculationMethod.SpecInfer, 1, (ulong)seed).Children.Distinct().Count() < Children);
        Assert.That(repeated, Is.GreaterThan(10));
        Assert.That(Draw(SpeculationMethod.Sequoia, 1, seed: 1).Children, Is.Unique);
    }

    private static (int[] Children, float[] Logits) Draw(SpeculationMethod method, float temperature, ulong seed)
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, new RandomModel.Shape());
        using var model = new TestModel(folder.Path);
        Backend backend = model.Llama.Backend;
        TokenTree star = TokenTree.Chains(Children, 1);
        using WorkQueue queue = backend.CreateQueue();
        using KvPool pool = backend.CreatePool(model.Llama.Config, 1);
        using var pages = new KvPages(pool, Children + 1);
        using var forward = new ForwardPass(model.Llama, pool, new WorkspaceSize(1, 1, Children + 1, Children));
        using Sequence sequence = backend.CreateSequence(star, method, model.Llama.Config.VocabularySize, 1, pages, pages);
        sequence.Begin(new SamplingOptions(temperature), seed, Children + 1);
        sequence.Place(queue, 0, [5]);
        using Pass root = backend.CreatePass(model.Llama, ModelRole.Target, 1, 1);
        root.Add(sequence, [0]);
        root.Complete(queue, 1);
        forward.Run(queue, root);
        backend.DrawChildren(queue, forward.Workspace, root);
        int[] tokens = new int[Children + 1];
        sequence.Download(queue, tokens);
        float[] logits = new float[model.Llama.Config.VocabularySize];
        forward.Logits.Download(queue, 0, logits);
        return (tokens[1..], logits);
    }
}

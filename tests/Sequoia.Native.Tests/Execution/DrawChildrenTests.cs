using Sequoia.Native.Execution;
using Sequoia.Native.Sampling;

namespace Sequoia.Native.Tests.Execution;

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
        using var session = new LlamaSession(model.Llama, 1, 1, Children + 1);
        using TreeState state = backend.AllocateTree(star, model.Llama.Config.VocabularySize, method);
        var root = new TreeRows(star, [0]);
        state.Begin([5], 0, new RandomKey(seed, 0));
        session.Forward(state, root, LogitRows.All);
        backend.DrawChildren(session.Logits, root, state, new SamplingOptions(temperature));
        int[] children = new int[Children];
        state.Download([.. Enumerable.Range(1, Children)], children);
        float[] logits = new float[model.Llama.Config.VocabularySize];
        session.Logits.Download(0, logits);
        return (children, logits);
    }
}

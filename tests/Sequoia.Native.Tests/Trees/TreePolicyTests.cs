namespace Sequoia.Native.Tests.Trees;

public class TreePolicyTests
{
    private static readonly AcceptanceVector P = new([0.6, 0.2, 0.1]);

    [TestCase("none", 1, 1)]
    [TestCase("chain:4", 5, 5)]
    [TestCase("chains:3x2", 7, 3)]
    [TestCase("optimal:12", 12, 6)]
    [TestCase("optimal:12x3", 12, 3)]
    [TestCase("auto", 3, 3)]
    public void Sizes_and_levels_count_the_root(string text, int size, int levels)
    {
        var policy = TreePolicy.Parse(text);
        TokenTree tree = policy.Resolve(P);
        Assert.That((tree.Size, tree.Levels), Is.EqualTo((size, levels)));
        Assert.That(policy.ToString(), Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("chain")]
    [TestCase("chain:")]
    [TestCase("chain:0")]
    [TestCase("chain:-1")]
    [TestCase("chain:+1")]
    [TestCase("chain: 1")]
    [TestCase("chain:65536")]
    [TestCase("chain:99999999999")]
    [TestCase("chain:2x3")]
    [TestCase("chains:3")]
    [TestCase("chains:3x")]
    [TestCase("chains:256x256")]
    [TestCase("chains:2000000000x2000000000")]
    [TestCase("optimal:65537")]
    [TestCase("optimal:8x65537")]
    [TestCase("optimal:8x4x2")]
    [TestCase("none:1")]
    [TestCase("Auto")]
    [TestCase("tree.txt")]
    [TestCase("/nowhere/tree.json")]
    public void What_is_no_policy_is_refused_on_one_line(string text) =>
        Assert.That(() => TreePolicy.Parse(text), Throws.InstanceOf<InvalidInputException>().With.Message.Contain(text).And.Message.Not.Contain("\n"));

    [TestCase("optimal:8")]
    [TestCase("auto")]
    public void A_tree_for_measured_acceptance_asks_for_it(string text) =>
        Assert.That(() => TreePolicy.Parse(text).Resolve(null), Throws.InstanceOf<InvalidInputException>().With.Message.Contain("acceptance.json"));

    [Test]
    public void A_file_gives_its_tree()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("t.json", """{"parents":[-1,0,0]}""");
        Assert.That(TreePolicy.Parse(file).Resolve(null).Size, Is.EqualTo(3));
        Assert.That(TreePolicy.FromTree(TokenTree.Chain(2)).Resolve(null).Size, Is.EqualTo(3));
    }
}

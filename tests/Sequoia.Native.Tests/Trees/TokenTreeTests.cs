using System.Text.Json;
using CsCheck;

namespace Sequoia.Native.Tests.Trees;

public class TokenTreeTests
{
    /// <summary>Parents in any order with parent &lt; child.</summary>
    internal static Gen<int[]> AnyParents(int maxSize) => Gen.Int[1, maxSize].SelectMany(size =>
        Gen.Int[0, int.MaxValue].Array[size].Select(raw => raw.Select((value, node) => node == 0 ? -1 : value % node).ToArray()));

    [Test]
    public void Nodes_are_renumbered_breadth_first_and_children_keep_their_order()
    {
        // 0 -> 1, 4; 1 -> 2, 5; 2 -> 3
        TokenTree tree = TokenTree.FromParents([-1, 0, 1, 2, 0, 1]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tree.Parents.ToArray(), Is.EqualTo((int[])[-1, 0, 0, 1, 1, 3]));
            Assert.That(Enumerable.Range(0, 6).Select(tree.Depth), Is.EqualTo((int[])[0, 1, 1, 2, 2, 3]));
            Assert.That(Enumerable.Range(0, 6).Select(tree.Rank), Is.EqualTo((int[])[0, 1, 2, 1, 2, 1]));
            Assert.That(Enumerable.Range(0, 6).Select(tree.FirstChild), Is.EqualTo((int[])[1, 3, 0, 5, 0, 0]));
            Assert.That(Enumerable.Range(0, 6).Select(tree.ChildCount), Is.EqualTo((int[])[2, 2, 0, 1, 0, 0]));
            Assert.That((tree.Size, tree.Levels), Is.EqualTo((6, 4)));
            Assert.That(Enumerable.Range(0, 5).Select(tree.LevelStart), Is.EqualTo((int[])[0, 1, 3, 5, 6]));
            Assert.That(Enumerable.Range(0, 4).Select(tree.LevelCount), Is.EqualTo((int[])[1, 2, 2, 1]));
            Assert.That(tree.Path(5).ToArray(), Is.EqualTo((int[])[0, 1, 3, 5]));
            Assert.That(tree.Path(0).ToArray(), Is.EqualTo((int[])[0]));
            Assert.That(tree.ToJson(), Is.EqualTo("""{"parents":[-1,0,0,1,1,3]}"""));
        }
    }

    [Test]
    public void Every_tree_is_numbered_as_promised() => AnyParents(40).Sample(parents =>
    {
        TokenTree tree = TokenTree.FromParents(parents);
        Assert.That(tree.Size, Is.EqualTo(parents.Length));
        int[] ranks = new int[tree.Size];
        for (int node = 1; node < tree.Size; node++)
        {
            int parent = tree.Parent(node);
            Assert.That(parent, Is.InRange(0, node - 1).And.GreaterThanOrEqualTo(tree.Parent(node - 1)), "breadth first");
            Assert.That(tree.Depth(node), Is.EqualTo(tree.Depth(parent) + 1));
            Assert.That(tree.Rank(node), Is.EqualTo(++ranks[parent]));
            Assert.That(tree.FirstChild(parent) + tree.Rank(node) - 1, Is.EqualTo(node));
            Assert.That(node, Is.InRange(tree.LevelStart(tree.Depth(node)), tree.LevelStart(tree.Depth(node) + 1) - 1));
            Assert.That(tree.Path(node).ToArray(), Is.EqualTo((int[])[.. tree.Path(parent), node]));
        }
        Assert.That(Enumerable.Range(0, tree.Size).Select(tree.ChildCount), Is.EqualTo(ranks));
        Assert.That(TokenTree.FromParents(tree.Parents).Parents.ToArray(), Is.EqualTo(tree.Parents.ToArray()), "numbering twice changes nothing");
        Assert.That(DepthsByRankPath(tree.Parents), Is.EquivalentTo(DepthsByRankPath(parents)), "the same shape");
    }, iter: 500);

    [TestCase("", "parents: is empty")]
    [TestCase("0", "parents[0]: is 0; the root comes first")]
    [TestCase("-1,-1", "parents[1]: is -1, a second root")]
    [TestCase("-1,2,1", "parents[1]: is 2; a parent comes before its child", Description = "a cycle")]
    [TestCase("-1,1", "parents[1]: is 1")]
    [TestCase("-1,-2", "parents[1]: is -2")]
    [TestCase("-1,0.5", "parents[1]: must be a whole number")]
    [TestCase("-1,\"0\"", "parents[1]: must be a whole number")]
    [TestCase("-1,99999999999", "parents[1]: must be a whole number")]
    public void Parents_that_make_no_tree_are_refused(string parents, string message) =>
        AssertRefused($$"""{"parents":[{{parents}}]}""", message);

    [TestCase("{}", "parents: is missing")]
    [TestCase("[]", "parents: is missing")]
    [TestCase("""{"parents":7}""", "parents: must be a list")]
    [TestCase("""{"\ud800":7}""", "has a key that is not valid text")]
    [TestCase("""{"parents":[-1],"parents":[-1,0]}""", "Duplicate property 'parents'")]
    [TestCase("""{"parents":[-1,""", "is not valid JSON near line 1")]
    public void A_file_of_another_form_is_refused(string json, string message) => AssertRefused(json, message);

    [Test]
    public void Sizes_are_bounded()
    {
        AssertRefused($$"""{"parents":[-1{{string.Concat(Enumerable.Repeat(",0", 65536))}}]}""", "has 65537 nodes; at most 65536");
        Assert.That(TokenTree.Chain(65535).Path(65535).Length, Is.EqualTo(65536), "long chains share their paths");
        Assert.That(() => TokenTree.Chain(65536), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => TokenTree.Load("/nowhere/tree.json"), Throws.InstanceOf<InvalidInputException>().With.Message.Contain("there is no such file"));
    }

    [Test]
    public void Factories_make_what_they_say()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(TokenTree.Root.Parents.ToArray(), Is.EqualTo((int[])[-1]));
            Assert.That(TokenTree.Chain(3).Parents.ToArray(), Is.EqualTo((int[])[-1, 0, 1, 2]));
            Assert.That(TokenTree.Chains(2, 3).Parents.ToArray(), Is.EqualTo((int[])[-1, 0, 0, 1, 2, 3, 4]));
            Assert.That((TokenTree.Chains(16, 32).Size, TokenTree.Chains(16, 32).Levels), Is.EqualTo((513, 33)));
        }
    }

    [Test]
    public void A_file_is_read_back()
    {
        using var folder = new TemporaryFolder();
        TokenTree tree = TokenTree.Load(folder.Write("tree.json", """{"note": "any", "parents": [-1, 0, 1, 0]}"""));
        Assert.That(tree.ToJson(), Is.EqualTo("""{"parents":[-1,0,0,1]}"""));
        Assert.That(TokenTree.Load(folder.Write("again.json", tree.ToJson())).ToJson(), Is.EqualTo(tree.ToJson()));
    }

    [Test]
    public void A_small_tree_is_drawn_and_a_large_one_outlined()
    {
        string picture = """
            ●─┬─1─┬─1───1
              │   └─2
              └─2
            """;
        Assert.That(TokenTree.FromParents([-1, 0, 0, 1, 1, 3]).Draw(), Is.EqualTo(picture));
        Assert.That(TokenTree.Chains(3, 30).Draw(), Does.StartWith("91 nodes on 31 levels\nlevel   0      1 node   ranks to   0").And.Contain("level  30      3 nodes  ranks to   1"));
    }

    private static List<string> DepthsByRankPath(ReadOnlySpan<int> parents)
    {
        var names = new List<string> { "" };
        int[] children = new int[parents.Length];
        for (int node = 1; node < parents.Length; node++)
            names.Add($"{names[parents[node]]}/{++children[parents[node]]}");
        return names;
    }

    private static void AssertRefused(string json, string message)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("tree.json", json);
        InvalidInputException? error = Assert.Throws<InvalidInputException>(() => TokenTree.Load(file));
        Assert.That(error.Message, Does.StartWith(file + ": ").And.Contain(message).And.Not.Contain('\n'));
    }

    [Test]
    public void A_chunk_and_its_stats_come_back_from_json()
    {
        var chunk = new GenerationChunk(" a \"tree\"", [1, 2], new GenerationStats
        {
            FinishReason = FinishReason.Length,
            PromptTokens = [1, 734],
            TokenCount = 2,
            StopString = "end",
            CutOff = 1,
            Steps = 1,
            DecodeTime = TimeSpan.FromSeconds(1),
            PrefillTime = TimeSpan.Zero,
            LoadTime = TimeSpan.Zero,
            DraftTime = TimeSpan.Zero,
            VerifyTime = TimeSpan.Zero,
            SamplingTime = TimeSpan.Zero,
            Seed = ulong.MaxValue,
            Tree = TokenTree.Chains(2, 2),
            Device = "cpu",
        }, new GenerationStep([1, 2], [-1, 0], [0, 1]));
        string json = JsonSerializer.Serialize(chunk);
        GenerationChunk back = JsonSerializer.Deserialize<GenerationChunk>(json)!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json, Does.Contain("\"Tree\":{\"parents\":[-1,0,0,1,2]}"));
            Assert.That(JsonSerializer.Serialize(back), Is.EqualTo(json));
            Assert.That(back.Stats!.Tree.Parents.ToArray(), Is.EqualTo(chunk.Stats!.Tree.Parents.ToArray()));
            Assert.That(back.Stats.Seed, Is.EqualTo(ulong.MaxValue));
        }
    }

    [TestCase("7", "the list parents")]
    [TestCase("{}", "the list parents")]
    [TestCase("""{"parents":{}}""", "the list parents")]
    [TestCase("""{"parents":[-1,0,"x"]}""", "parents[2]: must be a whole number")]
    [TestCase("""{"parents":[-1,2,0]}""", "parents[1]: is 2")]
    public void Json_that_is_no_tree_is_a_JsonException(string json, string words) =>
        Assert.That(() => JsonSerializer.Deserialize<TokenTree>(json), Throws.TypeOf<JsonException>().With.Message.Contains(words));
}

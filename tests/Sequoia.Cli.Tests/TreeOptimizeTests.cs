using System.Globalization;
using System.Xml.Linq;

namespace Sequoia.Cli.Tests;

public class TreeOptimizeTests
{
    private static string Published => SharedData.Path("acceptance", "published.json");

    [Test]
    public void Without_costs_the_most_expected_tokens_win()
    {
        SequoiaProcess run = SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", "64", "--max-levels", "7", "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Json["expected_tokens"]!.GetValue<double>(), Is.EqualTo(3.788001).Within(5e-7));
            Assert.That(run.Json["size"]!.GetValue<int>(), Is.EqualTo(64));
            Assert.That(run.Json["levels"]!.GetValue<int>(), Is.EqualTo(7));
            Assert.That(run.Json["speedup"], Is.Null);
            Assert.That(run.Json["parents"]!.AsArray(), Has.Count.EqualTo(64));
        }
    }

    [Test]
    public void With_costs_the_fastest_wins_and_sizes_too_large_are_noted()
    {
        SequoiaProcess run = SequoiaProcess.Run(
            "tree", "optimize", "--acceptance", Published, "--max-size", "32", "--max-levels", "10", "--draft-cost", "0.03",
            "--verify-cost", "1:1,2:1,4:1,8:1.2,16:1.4,32:1.8,64:2", "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Json["speedup"]!.GetValue<double>(), Is.EqualTo(2.045921).Within(5e-7));
            Assert.That(run.Json["parents"]!.ToJsonString(), Is.EqualTo("[-1,0,1,2]"));
            Assert.That(run.Notes, Does.Contain("above --max-size 32 were left out: 64"));
        }
    }

    [Test]
    public void Where_verifying_costs_a_lot_no_tree_is_best()
    {
        SequoiaProcess run = SequoiaProcess.Run(
            "tree", "optimize", "--acceptance", Published, "--max-size", "4", "--draft-cost", "1", "--verify-cost", "1:1,4:4", "--json");
        Assert.That(run.Json["speedup"]!.GetValue<double>(), Is.EqualTo(1));
        Assert.That(run.Json["size"]!.GetValue<int>(), Is.EqualTo(1));
    }

    [Test]
    public void A_tree_is_drawn()
    {
        SequoiaProcess run = SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", "5");
        Assert.That(run.Out, Does.StartWith("5 nodes, ").And.Contain("●─"));
    }

    [Test]
    public void Acceptance_by_depth_is_used_when_asked_for()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.json", """{"p":[0.5,0.25],"by_depth":[[0.5,0.25],[0.1]]}""");
        string[] arguments = ["tree", "optimize", "--acceptance", file, "--max-size", "4", "--json"];
        Assert.That(SequoiaProcess.Run(arguments).Json["expected_tokens"]!.GetValue<double>(), Is.EqualTo(2.0).Within(1e-12));
        SequoiaProcess byDepth = SequoiaProcess.Run([.. arguments, "--by-depth"]);
        Assert.That(byDepth.Json["expected_tokens"]!.GetValue<double>(), Is.EqualTo(1.8).Within(1e-12));
        Assert.That(byDepth.Json["parents"]!.ToJsonString(), Is.EqualTo("[-1,0,0,1]"));
        SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", "4", "--by-depth").AssertBadInput($"{Published}: by_depth: is missing");
    }

    [Test]
    public void A_tree_is_drawn_into_a_file()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("tree.svg", "old");
        XElement[] svg = Draw(128);
        // The root's chance is 1; half the area is half the chance.
        double[] radii = [.. Named(svg, "circle").Select(circle => double.Parse(circle.Attribute("r")!.Value, CultureInfo.InvariantCulture))];
        Assert.That(radii, Has.Length.EqualTo(128));
        Assert.That(radii[1] / radii[0], Is.EqualTo(Math.Sqrt(0.63418293)).Within(0.01));
        Assert.That(Named(svg, "path").Count(), Is.EqualTo(127), "an edge to each child");
        Assert.That(Named(svg, "text").Take(3).Select(text => text.Value), Is.EqualTo((string[])["1", "2", "3"]), "child ranks on the edges");

        svg = Draw(129);
        Assert.That(Named(svg, "circle"), Is.Empty);
        Assert.That(Named(svg, "text").First().Value, Does.StartWith("129 nodes on "), "an outline");
        Assert.That(Directory.GetFiles(folder.Path), Is.EqualTo((string[])[file]), "nothing else is left");

        SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", "9", "--svg", "/nowhere/tree.svg").AssertBadInput("/nowhere/tree.svg: cannot be written");
        SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", "9", "--svg", folder.Path).AssertBadInput($"{folder.Path}: cannot be written");
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(folder.Path)!, Path.GetFileName(folder.Path) + ".*"), Is.Empty, "nothing is left of what could not be written");

        XElement[] Draw(int size)
        {
            Assert.That(SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", $"{size}", "--svg", file).Status, Is.Zero);
            return [.. XDocument.Load(file).Root!.Elements()];
        }

        static IEnumerable<XElement> Named(XElement[] elements, string name) => elements.Where(element => element.Name.LocalName == name);
    }

    [TestCase("non-increasing", "[0.6,0.2,0.1]")]
    [TestCase("zeros and bumps", "[0.6,0,0.2,0.1,0,0.05]")]
    public void The_largest_trees_are_found(string name, string p)
    {
        using var folder = new TemporaryFolder();
        SequoiaProcess run = SequoiaProcess.Run("tree", "optimize", "--acceptance", folder.Write("p.json", $$"""{"p":{{p}}}"""), "--max-size", "65536", "--json");
        Assert.That(run.Json["size"]!.GetValue<int>(), Is.EqualTo(65536), name);
        Assert.That(run.Json["expected_tokens"]!.GetValue<double>(), Is.InRange(5, 20), name);
    }

    [TestCase("{}", "p: is missing")]
    [TestCase("""{"p":[]}""", "p: is empty")]
    [TestCase("""{"p":"0.5"}""", "p: must be a list of numbers")]
    [TestCase("""{"p":[0.5,-0.5]}""", "p[1]: is -0.5; a probability is in 0..1")]
    [TestCase("""{"p":[NaN]}""", "is not valid JSON near line 1")]
    [TestCase("""{"p":[0.7,0.31]}""", "p: sums to 1.01; the sum must be at most 1")]
    [TestCase("""{"p":[1],"by_depth":[]}""", "by_depth: is empty", true)]
    [TestCase("""{"p":[1],"by_depth":[[0.5],[]]}""", "by_depth[1]: is empty", true)]
    [TestCase("""{"p":[1],"by_depth":[0.5]}""", "by_depth[0]: must be a list of numbers", true)]
    [TestCase("""{"p":[1],"by_depth":[[0.5],[0.7,0.31]]}""", "by_depth[1]: sums to 1.01; the sum must be at most 1", true)]
    public void Bad_acceptance_is_told_on_one_line(string json, string message, bool byDepth = false)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.json", json);
        string[] arguments = ["tree", "optimize", "--acceptance", file, "--max-size", "4"];
        SequoiaProcess.Run(byDepth ? [.. arguments, "--by-depth"] : arguments).AssertBadInput($"{file}: {message}");
    }

    [Test]
    public void Bad_input_is_told_on_one_line()
    {
        string[] start = ["tree", "optimize", "--acceptance", Published, "--max-size"];
        SequoiaProcess.Run([.. start, "0"]).AssertBadInput("--max-size 0: must be a whole number from 1 to 65536");
        SequoiaProcess.Run([.. start, "65537"]).AssertBadInput("--max-size 65537");
        SequoiaProcess.Run([.. start, "4", "--draft-cost", "1"]).AssertBadInput("needs --verify-cost");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "1:0"]).AssertBadInput("--verify-cost \"1:0\"");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "8:1"]).AssertBadInput("has no size up to --max-size 4");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", ""]).AssertBadInput("--verify-cost: is empty");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "1:1,"]).AssertBadInput("--verify-cost \"\"");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "1:1,2:NaN"]).AssertBadInput("--verify-cost \"2:NaN\"");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "1:1,2:-1"]).AssertBadInput("--verify-cost \"2:-1\"");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "1:1,1:2"]).AssertBadInput("--verify-cost: size 1 comes behind 1; give each size once, the smallest first");
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "1:1,4:2,2:2"]).AssertBadInput("size 2 comes behind 4");
        SequoiaProcess.Run([.. start, "4", "--max-levels", "0"]).AssertBadInput("--max-levels 0");
        SequoiaProcess.Run([.. start, "four"]).AssertBadInput("--max-size four");
        SequoiaProcess.Run("tree", "optimize", "--acceptance", "/nowhere.json", "--max-size", "4").AssertBadInput("/nowhere.json: there is no such file");
    }
}

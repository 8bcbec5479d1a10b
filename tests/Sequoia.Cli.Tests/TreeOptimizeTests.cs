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
    public void A_tree_is_drawn_into_a_file()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "tree.svg");
        Assert.That(SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", "9", "--svg", file).Status, Is.Zero);
        System.Xml.Linq.XElement svg = System.Xml.Linq.XDocument.Load(file).Root!;
        Assert.That(svg.Elements().Count(element => element.Name.LocalName == "circle"), Is.EqualTo(9));
        SequoiaProcess.Run("tree", "optimize", "--acceptance", Published, "--max-size", "9", "--svg", "/nowhere/tree.svg").AssertBadInput("/nowhere/tree.svg: cannot be written");
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
        SequoiaProcess.Run([.. start, "4", "--verify-cost", "1:1,1:2"]).AssertBadInput("size 1 comes twice");
        SequoiaProcess.Run("tree", "optimize", "--acceptance", "/nowhere.json", "--max-size", "4").AssertBadInput("/nowhere.json: there is no such file");
    }
}

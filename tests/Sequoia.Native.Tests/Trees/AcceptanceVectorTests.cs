using System.Text.Json.Nodes;

namespace Sequoia.Native.Tests.Trees;

public class AcceptanceVectorTests
{
    [TestCase("{}", "p: is missing")]
    [TestCase("""{"p":[]}""", "p: is empty")]
    [TestCase("""{"p":0.5}""", "p: must be a list")]
    [TestCase("""{"p":[0.5,"x"]}""", "p[1]: must be a number")]
    [TestCase("""{"p":[0.5,-0.1]}""", "p[1]: is -0.1")]
    [TestCase("""{"p":[1.5]}""", "p[0]: is 1.5")]
    [TestCase("""{"p":[1e999]}""", "p[0]: is")]
    [TestCase("""{"p":[NaN]}""", "is not valid JSON")]
    [TestCase("""{"p":[0.7,0.300002]}""", "p: sums to 1.000002")]
    public void A_vector_that_is_none_is_refused(string json, string message)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.json", json);
        InvalidInputException? error = Assert.Throws<InvalidInputException>(() => AcceptanceVector.Load(file));
        Assert.That(error.Message, Does.StartWith(file + ": ").And.Contain(message).And.Not.Contain('\n'));
    }

    [Test]
    public void The_sum_may_exceed_one_a_little()
    {
        using var folder = new TemporaryFolder();
        var p = AcceptanceVector.Load(folder.Write("p.json", """{"p":[0.7,0.3000009]}"""));
        Assert.That((p.Count, p[1], p[2], p[3]), Is.EqualTo((2, 0.7, 0.3000009, 0.0)));
    }

    [Test]
    public void Saving_writes_metadata_replaces_the_file_and_leaves_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.json", "old");
        new AcceptanceVector([0.5, 0, 0.1234567890123456]).Save(file, new JsonObject { ["prompts"] = 200, ["draft"] = "d" });
        Assert.That(AcceptanceVector.Load(file).Values.ToArray(), Is.EqualTo((double[])[0.5, 0, 0.1234567890123456]));
        Assert.That((int)JsonNode.Parse(File.ReadAllText(file))!["prompts"]!, Is.EqualTo(200));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1));
        Assert.That(() => new AcceptanceVector([1.0]).Save(folder.Path + "/none/p.json"), Throws.InstanceOf<InvalidInputException>().With.Message.Contain("cannot be written"));
    }
}

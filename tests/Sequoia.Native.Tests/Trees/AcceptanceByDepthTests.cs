namespace Sequoia.Native.Tests.Trees;

public class AcceptanceByDepthTests
{
    [TestCase("""{"p":[0.5]}""", "by_depth: is missing")]
    [TestCase("""{"by_depth":[]}""", "by_depth: is empty")]
    [TestCase("""{"by_depth":0.5}""", "by_depth: must be a list of lists of numbers")]
    [TestCase("""{"by_depth":{"0":[0.5]}}""", "by_depth: must be a list of lists of numbers")]
    [TestCase("""{"by_depth":[0.5,0.1]}""", "by_depth[0]: must be a list of numbers")]
    [TestCase("""{"by_depth":[[0.5],null]}""", "by_depth[1]: must be a list of numbers")]
    [TestCase("""{"by_depth":[[0.5],[]]}""", "by_depth[1]: is empty")]
    [TestCase("""{"by_depth":[[0.5],[0.5,"x"]]}""", "by_depth[1][1]: must be a number")]
    [TestCase("""{"by_depth":[[-0.1]]}""", "by_depth[0][0]: is -0.1")]
    [TestCase("""{"by_depth":[[1e999]]}""", "by_depth[0][0]: is")]
    [TestCase("""{"by_depth":[[NaN]]}""", "is not valid JSON")]
    [TestCase("""{"by_depth":[[0.5],[0.5],[0.7,0.300002]]}""", "by_depth[2]: sums to 1.000002")]
    public void A_matrix_that_is_none_is_refused(string json, string message)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.json", json);
        InvalidInputException? error = Assert.Throws<InvalidInputException>(() => AcceptanceByDepth.Load(file));
        Assert.That(error.Message, Does.StartWith(file + ": ").And.Contain(message).And.Not.Contain('\n'));
    }

    [Test]
    public void The_last_row_holds_for_all_deeper_parents()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.json", """{"p":[0.6],"by_depth":[[0.7,0.1],[0.5,0.2,0.3000009]]}""");
        var p = AcceptanceByDepth.Load(file);
        Assert.That((p.Count, p[0][2], p[1][3], p[9][1]), Is.EqualTo((2, 0.1, 0.3000009, 0.5)));
        Assert.That(AcceptanceVector.Load(file).Values.ToArray(), Is.EqualTo((double[])[0.6]), "the vector stays what it is");
        Assert.That(() => new AcceptanceByDepth(), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => new AcceptanceByDepth(null!, null!), Throws.ArgumentNullException);
    }
}

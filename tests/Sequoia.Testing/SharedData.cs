namespace Sequoia.Testing;

/// <summary>
/// Finds the test data: where SEQUOIA_TEST_DATA says, else beside the checkout. Tests that need it are ignored, with a
/// reason, where it is absent; they fail instead where SEQUOIA_REQUIRE lists `data`.
/// </summary>
internal static class SharedData
{
    public static string Path(params string[] parts)
    {
        string root = Environment.GetEnvironmentVariable("SEQUOIA_TEST_DATA") is { Length: > 0 } named
            ? named
            : System.IO.Path.Combine(Repository.Root, "..", "shared", "data");
        string path = System.IO.Path.Combine([root, .. parts]);
        if (File.Exists(path) || Directory.Exists(path))
            return path;
        string problem = $"no test data: shared/data/{string.Join('/', parts)} is absent";
        if (Environment.GetEnvironmentVariable("SEQUOIA_REQUIRE")?.Split(',').Contains("data") == true)
            Assert.Fail(problem);
        Assert.Ignore(problem);
        return path;
    }
}

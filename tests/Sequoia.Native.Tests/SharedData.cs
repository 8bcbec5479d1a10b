namespace Sequoia.Native.Tests;

/// <summary>Finds the test data beside the checkout (or where SEQUOIA_TEST_DATA says); tests that need it are ignored, with a reason, where it is absent.</summary>
internal static class SharedData
{
    public static string Path(params string[] parts)
    {
        string root = Environment.GetEnvironmentVariable("SEQUOIA_TEST_DATA") is { Length: > 0 } folder
            ? folder : System.IO.Path.Combine(Repository.Root, "..", "shared", "data");
        string path = System.IO.Path.Combine([root, .. parts]);
        if (!File.Exists(path) && !Directory.Exists(path))
            Assert.Ignore($"no test data: shared/data/{string.Join('/', parts)} is absent");
        return path;
    }
}

using System.Text.RegularExpressions;

namespace Sequoia.Testing;

/// <summary>Compares the code that a package's README shows with the code of a test.</summary>
internal static class ReadmeCode
{
    /// <summary>Every line of the README's code must stand in a test's file.</summary>
    /// <param name="package">The package's folder below interop/.</param>
    /// <param name="test">The test's file below tests/.</param>
    /// <param name="different">Lines that are other ones in the test.</param>
    public static void MustStandIn(string package, string test, params string[] different)
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "interop", package, "README.md"));
        string code = Regex.Match(readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        string here = File.ReadAllText(Path.Combine(Repository.Root, "tests", test));
        Assert.That(Lines(code).Except(different).ToArray(), Has.Length.GreaterThan(5).And.SubsetOf(Lines(here)));
    }

    private static string[] Lines(string text) => [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
}

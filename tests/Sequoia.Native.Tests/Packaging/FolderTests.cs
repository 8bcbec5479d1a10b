using System.Text.RegularExpressions;

namespace Sequoia.Native.Tests.Packaging;

/// <summary>How the source is laid out: no circle between folders, and no file too small to be found for what it holds.</summary>
public sealed partial class FolderTests
{
    private const int FewestLines = 16;

    // An entry point has nothing to be merged with.
    private static readonly string[] SmallForAReason = ["Program.cs"];

    private static string Native => Path.Combine(Repository.Root, "src", "Sequoia.Native");

    [Test]
    public void Folders_of_the_library_use_each_other_in_one_direction_only()
    {
        Dictionary<string, SortedSet<string>> uses = Uses(Sources(Native).Select(file => (Folder(file), File.ReadAllText(file))));
        Assert.That(uses["Engine"], Does.Contain("Backends"), "names are found at all");
        Assert.That(Circle(uses), Is.Null);
    }

    [Test]
    public void A_circle_is_found()
    {
        (string, string)[] files =
        [
            ("A", "public class First { Second s; }"),
            ("B", "internal readonly record struct Second(Third T);"),
            ("C", "internal static class Third { /* First */ string s = \"First\"; }"),
        ];
        Assert.That(Circle(Uses(files)), Is.Null);
        Assert.That(Circle(Uses([.. files, ("C", "internal interface IMore { First f; }")])), Is.EqualTo("A -> B -> C -> A"));
    }

    [Test]
    public void No_file_is_smaller_than_what_is_worth_a_file()
    {
        IEnumerable<string> small = Sources(Path.Combine(Repository.Root, "src")).Concat(Sources(Path.Combine(Repository.Root, "interop")))
            .Where(file => File.ReadLines(file).Count() < FewestLines && !SmallForAReason.Contains(Path.GetFileName(file)));
        Assert.That(small.Select(file => Path.GetRelativePath(Repository.Root, file)), Is.Empty);
    }

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories);

    private static string Folder(string file) => Path.GetRelativePath(Native, file).Split(Path.DirectorySeparatorChar) is [var folder, _, ..] ? folder : "(root)";

    /// <summary>For each folder those whose types it names, in code: comments, texts and a file's own members do not count, nor do types inside of types.</summary>
    private static Dictionary<string, SortedSet<string>> Uses(IEnumerable<(string Folder, string Text)> files)
    {
        (string Folder, string Code)[] all = [.. files.Select(file => (file.Folder, NoCode().Replace(file.Text, " ")))];
        var declared = all.SelectMany(file => Declaration().Matches(file.Code).Select(match => (Name: match.Groups["name"].Value, file.Folder)))
            .Distinct().GroupBy(type => type.Name).Where(types => types.Count() == 1).ToDictionary(types => types.Key, types => types.Single().Folder);
        var uses = all.Select(file => file.Folder).Distinct().ToDictionary(folder => folder, _ => new SortedSet<string>(StringComparer.Ordinal));
        foreach ((string folder, string code) in all)
        {
            HashSet<string> own = [.. Member().Matches(code).Select(match => match.Groups["name"].Value)];
            uses[folder].UnionWith(Name().Matches(code).Where(match => !own.Contains(match.Value)).Select(match => declared.GetValueOrDefault(match.Value, folder)).Where(other => other != folder));
        }
        return uses;
    }

    private static string? Circle(Dictionary<string, SortedSet<string>> uses)
    {
        var done = new HashSet<string>();
        return uses.Keys.Order(StringComparer.Ordinal).Select(folder => From(folder, [])).FirstOrDefault(circle => circle is not null);

        string? From(string folder, List<string> path)
        {
            if (path.IndexOf(folder) is var at && at >= 0)
                return string.Join(" -> ", path.Skip(at).Append(folder));
            string? circle = done.Contains(folder) ? null : uses[folder].Select(next => From(next, [.. path, folder])).FirstOrDefault(found => found is not null);
            done.Add(folder);
            return circle;
        }
    }

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(\\.|[^"\\\n])*"|(?s:\"\"\".*?\"\"\")""")]
    private static partial Regex NoCode();

    [GeneratedRegex(@"^(public|internal|file)\b[^\n({;=]*?\b(class|struct|interface|enum|record|delegate [\w<>\[\]]+)\s+(?!struct|class)(?<name>[A-Z]\w*)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^\s+(public|private|internal|protected)\b[^\n=({;]*?\b(?<name>[A-Z]\w*)\s*([=({;]|$)", RegexOptions.Multiline)]
    private static partial Regex Member();

    // What follows a dot is a member.
    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*\b")]
    private static partial Regex Name();
}

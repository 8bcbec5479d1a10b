using System.Text;
using System.Text.Json.Nodes;

namespace Sequoia.Cli.Tests;

/// <summary>Files and folders as users name them: - for the standard input, ~, empty names, byte order marks.</summary>
internal sealed class InputTests
{
    private const string Mark = "\uFEFF";

    private const string Prompts = "{\"prompt\":\"Once upon a time\"}\n{\"prompt\":\"Lily\"}";

    private const string Kernel = "extern \"C\" __global__ void twice(const float* x, float* y) { y[threadIdx.x] = 2 * x[threadIdx.x]; }";

    private const string Launch = """{"kernel":"twice","grid":1,"block":32,"args":[{"type":"f32","shape":32,"fill":"index"},{"type":"f32","shape":32}]}""";

    private static string Model => SharedData.Path("stories260K", "hf");

    [Test]
    public void Help_shows_the_kernel_option()
    {
        Assert.That(SequoiaProcess.Run("generate", "--help").Out, Does.Match("(?m)^ +--kernel <NAME=FILE.cu> +CUDA source"));
        foreach (string command in (string[])["check", "bench", "resources"])
            Assert.That(SequoiaProcess.Run("kernels", command, "--help").Out, Does.Match("(?m)^ +--kernel <NAME> +Only this one"), command);
    }

    [Test]
    public void What_kernels_compute_is_told_in_sentences()
    {
        JsonArray kernels = SequoiaProcess.Run("kernels", "list", "--json").Json["kernels"]!.AsArray();
        Assert.That(kernels, Has.Count.GreaterThan(5));
        Assert.That(kernels.Select(kernel => (string)kernel!["what"]!), Has.All.Match(@"^[^\s].*[^\s.]\.$").And.None.Contains("  "));
        string[] cells = [.. SequoiaProcess.Run("kernels", "list").Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2).Select(line => line.TrimEnd(' ', '|'))];
        Assert.That(cells, Has.Length.EqualTo(kernels.Count).And.All.EndsWith("."));
    }

    [TestCase("--target", "generate", "x")]
    [TestCase("--draft", "generate", "x", "--target", "/nowhere")]
    [TestCase("--prompts", "measure", "acceptance")]
    [TestCase("--output", "measure", "acceptance", "--prompts", "x")]
    [TestCase("--output", "compare", "--prompts", "x")]
    [TestCase("--target", "measure", "hardware")]
    [TestCase("--model", "tokenize", "x")]
    [TestCase("--acceptance", "tree", "optimize", "--max-size", "3")]
    [TestCase("--svg", "tree", "optimize", "--max-size", "3", "--acceptance", "x")]
    [TestCase("--launch", "kernels", "check", "some.cu")]
    public void An_empty_name_is_told_with_its_option(string option, params string[] arguments) =>
        SequoiaProcess.Run([.. arguments, option, ""]).AssertBadInput($"{option}: is empty; name a file or folder");

    [TestCase("check", "--launch", "x")]
    [TestCase("bench", "--launch", "x")]
    [TestCase("compile")]
    public void An_empty_source_is_told(string command, params string[] others) =>
        SequoiaProcess.Run(["kernels", command, "", .. others]).AssertBadInput("FILE.cu: is empty; name a file or folder");

    [Test]
    public void A_tilde_that_the_shell_left_is_the_users_folder()
    {
        using var home = new TemporaryFolder();
        Directory.CreateSymbolicLink(Path.Combine(home.Path, "model"), Model);
        home.Write("p.jsonl", Prompts);
        home.Write("tree.json", """{"parents":[-1,0]}""");
        SequoiaProcess run = SequoiaProcess.RunWhere("HOME", home.Path, "generate", "Once", "--target=~/model", "--draft=~/model", "--tree=~/tree.json", "--max-tokens", "4", "--json");
        Assert.That(run.Status, Is.Zero, run.Notes);
        Assert.That((int)run.Json["stats"]!["tree"]!["size"]!, Is.EqualTo(2));
        Assert.That(SequoiaProcess.RunWhere("HOME", home.Path, "tokenize", "--model=~/model", "Once").Out, Is.EqualTo("403\n"));
        SequoiaProcess measured = SequoiaProcess.RunWhere(
            "HOME", home.Path, "measure", "acceptance", "--target=~/model", "--draft=~/model", "--prompts=~/p.jsonl", "--max-tokens", "4", "--output=~/a.json");
        Assert.That(measured.Status, Is.Zero, measured.Notes);
        Assert.That(File.Exists(Path.Combine(home.Path, "a.json")));
        SequoiaProcess.RunWhere("HOME", home.Path, "generate", "x", "--target=~/none").AssertBadInput($"{home.Path}/none: there is no such folder");
    }

    [Test]
    public void A_dash_is_the_standard_input_for_prompts_and_vectors()
    {
        using var folder = new TemporaryFolder();
        string[] measure = ["measure", "acceptance", "--target", Model, "--draft", Model, "--max-tokens", "4", "--output", Path.Combine(folder.Path, "a.json"), "--json", "--prompts"];
        SequoiaProcess run = SequoiaProcess.RunWith(Mark + Prompts, null, [.. measure, "-"]);
        Assert.That(run.Status, Is.Zero, run.Notes);
        Assert.That(run.Json["p"]!.ToJsonString(), Is.EqualTo(SequoiaProcess.Run([.. measure, folder.Write("p.jsonl", Prompts)]).Json["p"]!.ToJsonString()));
        SequoiaProcess.RunWith("", null, [.. measure, "-"]).AssertBadInput("standard input: holds no prompts");

        SequoiaProcess tree = SequoiaProcess.RunWith(Mark + """{"p":[0.5,0.2]}""", null, "tree", "optimize", "--acceptance", "-", "--max-size", "5", "--json");
        Assert.That((int)tree.Json["size"]!, Is.EqualTo(5));
    }

    [Test]
    public void A_dash_is_the_standard_input_of_generate()
    {
        string[] generate = ["generate", "--target", Model, "--draft", Model, "--max-tokens", "4", "--json"];
        SequoiaProcess prompt = SequoiaProcess.RunWith(Mark + "Once upon a time\n", null, [.. generate, "-"]);
        Assert.That(prompt.Json["prompt_tokens"]!.ToJsonString(), Is.EqualTo("[1,403,407,261,378]"), "without the mark and the line break");
        SequoiaProcess tree = SequoiaProcess.RunWith(Mark + """{"parents":[-1,0,0,1]}""", null, [.. generate, "Once", "--tree", "-"]);
        Assert.That(tree.Json["stats"]!["tree"]!["parents"]!.ToJsonString(), Is.EqualTo("[-1,0,0,1]"));
        SequoiaProcess noPrompt = SequoiaProcess.RunWith("""{"parents":[-1,0]}""", null, [.. generate, "--tree", "-"]);
        Assert.That(noPrompt.Json["prompt_tokens"]!.ToJsonString(), Is.EqualTo("[1]"), "the tree is no prompt");
        SequoiaProcess.RunWith("""{"parents":[-1,0]}""", null, [.. generate, "-", "--tree", "-"]).AssertBadInput("PROMPT -: standard input is --tree already");
    }

    [Test]
    public void A_dash_is_the_standard_input_for_kernels()
    {
        _ = NeededLibraries.Compiler();
        using var folder = new TemporaryFolder();
        string source = folder.Write("twice.cu", Mark + Kernel), launch = folder.Write("launch.json", Mark + Launch);
        foreach (SequoiaProcess run in (SequoiaProcess[])
        [
            SequoiaProcess.Run("kernels", "check", source, "--launch", launch, "--schedules", "0"),
            SequoiaProcess.RunWith(Mark + Kernel, null, "kernels", "check", "-", "--launch", launch, "--schedules", "0"),
            SequoiaProcess.RunWith(Mark + Launch, null, "kernels", "check", source, "--launch", "-", "--schedules", "0"),
        ])
        {
            Assert.That(run.Status, Is.Zero, run.Out + run.Notes);
            Assert.That(run.Out, Does.Contain("twice: nothing found in 2 schedules"));
        }
        Assert.That(SequoiaProcess.RunWith("nonsense();\n", null, "kernels", "compile", "-").Notes, Does.Contain("stdin.cu(1)"));
        SequoiaProcess.RunWith(Kernel, null, "kernels", "check", "-", "--launch", "-").AssertBadInput("--launch -: standard input is FILE.cu already; name a file");
        SequoiaProcess.RunWith("{", null, "kernels", "check", source, "--launch", "-").AssertBadInput("standard input: is not valid JSON");
        SequoiaProcess.RunWith("", null, "generate", "x", "--kernel", "gemv=-").AssertBadInput("kernel: gemv: is not one of the engine's");
    }

    [Test]
    public void Files_without_an_end_are_refused()
    {
        using var folder = new TemporaryFolder();
        string zero = Path.Combine(folder.Path, "zero.json");
        File.CreateSymbolicLink(zero, "/dev/zero");
        string draft = Directory.CreateDirectory(Path.Combine(folder.Path, "draft")).FullName;
        foreach (string file in Directory.GetFiles(Model))
            File.Copy(file, Path.Combine(draft, Path.GetFileName(file)));
        File.CreateSymbolicLink(Path.Combine(draft, "acceptance.json"), "/dev/zero");
        string[] pair = ["--target", Model, "--draft", Model];
        string source = folder.Write("twice.cu", Kernel);
        foreach (string[] arguments in (string[][])
        [
            ["generate", "Once", .. pair, "--tree", zero], ["generate", "Once", "--target", Model, "--draft", draft], ["measure", "acceptance", .. pair, "--prompts", zero],
            ["compare", .. pair, "--prompts", zero], ["tree", "optimize", "--max-size", "4", "--acceptance", zero], ["kernels", "check", source, "--launch", zero],
            ["kernels", "compile", zero],
        ])
            SequoiaProcess.Run(arguments).AssertBadInput(" MiB; it cannot be ");
        SequoiaProcess.Run(["measure", "acceptance", .. pair, "--prompts", folder.Write("p.jsonl", Prompts), "--output", "/dev/full"]).AssertBadInput("/dev/full: cannot be written (it is a device");
    }

    [Test]
    public void A_signal_ends_the_wait_for_a_pipe_without_a_writer()
    {
        using var folder = new TemporaryFolder();
        string pipe = Path.Combine(folder.Path, "pipe.json");
        using (var make = System.Diagnostics.Process.Start("mkfifo", [pipe]))
            make.WaitForExit();
        foreach (string[] arguments in (string[][])
            [["generate", "Once", "--tree", pipe], ["measure", "acceptance", "--prompts", pipe], ["kernels", "check", pipe, "--launch", pipe]])
            Assert.That(SequoiaProcess.InterruptWaiting(TimeSpan.FromSeconds(1), "TERM", arguments).Status, Is.EqualTo(143), string.Join(' ', arguments));
    }

    [Test]
    public void A_byte_order_mark_is_no_part_of_any_file()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in (string[])["config.json", "generation_config.json", "tokenizer.json"])
        {
            if (File.Exists(Path.Combine(Model, file)))
                folder.Write(file, Mark + File.ReadAllText(Path.Combine(Model, file)));
        }
        foreach (string file in Directory.GetFiles(Model).Where(file => !File.Exists(Path.Combine(folder.Path, Path.GetFileName(file)))))
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        folder.Write("acceptance.json", Mark + """{"p":[0.6,0.2,0.1]}""");
        string tree = folder.Write("tree.json", Mark + """{"parents":[-1,0,0]}""");
        string[] pair = ["--target", folder.Path, "--draft", folder.Path];
        string[] generate = ["generate", .. pair, "--max-tokens", "4", "--json"];
        Assert.That((int)SequoiaProcess.Run([.. generate, "Once", "--tree", "optimal:4x3"]).Json["stats"]!["tree"]!["size"]!, Is.EqualTo(4));
        Assert.That((int)SequoiaProcess.Run([.. generate, "Once", "--tree", tree]).Json["stats"]!["tree"]!["size"]!, Is.EqualTo(3));
        Assert.That(SequoiaProcess.RunWith(Mark + "Once", null, "tokenize", "--model", folder.Path).Out, Is.EqualTo("403\n"));

        string results = Path.Combine(folder.Path, "results");
        string[] compare = ["compare", .. pair, "--prompts", folder.Write("p.jsonl", Mark + Prompts), "--temperatures", "0", "--sizes", "2", "--methods", "chain", "--max-tokens", "4", "--output", results];
        Assert.That(SequoiaProcess.Run(compare).Status, Is.Zero);
        string kept = Path.Combine(results, "compare.json");
        File.WriteAllText(kept, File.ReadAllText(kept), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.That(SequoiaProcess.Run(compare).Notes, Does.Contain("going on with the"));
    }
}

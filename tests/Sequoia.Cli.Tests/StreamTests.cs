using System.Text.RegularExpressions;

namespace Sequoia.Cli.Tests;

/// <summary>The standard streams in all the states that a shell can leave them in.</summary>
[Platform("Linux")]
internal sealed class StreamTests
{
    private static string Model => SharedData.Path("stories260K", "hf");

    private static string[] Five => ["generate", "Once", "--target", Model, "--max-tokens", "5", "--temperature", "0"];

    [TestCase("SEQUOIA | head -c 1")]
    [TestCase("SEQUOIA --json | true")]
    [TestCase("SEQUOIA --compare | head -c 1")]
    public void A_reader_that_leaves_ends_the_run(string line)
    {
        using var endless = new EndlessModel();
        SequoiaProcess run = SequoiaProcess.RunShell(line, ["generate", "Once", .. endless.Arguments]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.EqualTo(141), run.Notes);
            // Nothing where it left before the first token.
            Assert.That(run.Notes, Is.Empty.Or.Match(@"^sequoia: \d+ tokens in .*, cancelled\n$"));
        }
    }

    [Test]
    public void A_reader_that_leaves_ends_work_that_cannot_be_cancelled()
    {
        using var folder = new TemporaryFolder();
        string acceptance = folder.Write("p.json", "{\"p\":[" + string.Join(',', Enumerable.Repeat("0.004", 200)) + "]}");
        SequoiaProcess run = SequoiaProcess.RunShell("SEQUOIA | true", "tree", "optimize", "--acceptance", acceptance, "--max-size", "65536");
        Assert.That((run.Status, run.Notes), Is.EqualTo((141, "")));
    }

    [Test]
    public void A_reader_that_leaves_ends_a_check_of_kernels()
    {
        _ = NeededLibraries.Compiler();
        SequoiaProcess run = SequoiaProcess.RunShell("SEQUOIA | head -1", "kernels", "check", "--cases", "1000000");
        Assert.That(run.Status, Is.EqualTo(141));
        Assert.That((run.Out, run.Notes), Is.EqualTo((Regex.Match(run.Out, "^seed .*\n").Value, "")));
    }

    [TestCase("SEQUOIA 2>/dev/full")]
    [TestCase("SEQUOIA 2>&-")]
    [TestCase("SEQUOIA <&- 2>&-")]
    public void Notes_that_cannot_be_written_do_no_harm(string line)
    {
        SequoiaProcess usual = SequoiaProcess.Run(Five), run = SequoiaProcess.RunShell(line, Five);
        Assert.That((run.Status, run.Out, run.Notes), Is.EqualTo((0, usual.Out, "")));
        SequoiaProcess complaint = SequoiaProcess.RunShell(line, "generate", "x", "--target", "/nowhere");
        Assert.That((complaint.Status, complaint.Out), Is.EqualTo((2, "")));
    }

    [TestCase("SEQUOIA >/dev/full", "standard output: cannot be written (No space left on device)")]
    [TestCase("SEQUOIA >&-", "standard output: is closed")]
    [TestCase("SEQUOIA <&- >&-", "standard output: is closed")]
    public void Results_that_cannot_be_written_are_told_on_one_line(string line, string message) =>
        SequoiaProcess.RunShell(line, Five).AssertBadInput(message);

    [Test]
    public void A_closed_standard_input_is_told_where_it_is_needed()
    {
        using var folder = new TemporaryFolder();
        SequoiaProcess.RunShell("SEQUOIA <&-", "generate", "--target", Model).AssertBadInput("PROMPT: would come from standard input, which is closed");
        SequoiaProcess.RunShell("SEQUOIA <&-", "tokenize", "--model", Model).AssertBadInput("TEXT: would come from standard input, which is closed");
        SequoiaProcess.RunShell("SEQUOIA <&-", "measure", "acceptance", "--target", Model, "--draft", Model, "--prompts", "-")
            .AssertBadInput("--prompts: would come from standard input, which is closed");
        SequoiaProcess.RunShell("SEQUOIA <&-", "tree", "optimize", "--max-size", "3", "--acceptance", "-").AssertBadInput("--acceptance: would come from standard input");
        Assert.That(SequoiaProcess.RunShell("SEQUOIA <&-", Five).Status, Is.Zero, "with a prompt it is not needed");
    }

    // Before the command looks for signals, while it starts, and when it waits: it ends whenever the signal comes.
    [Test]
    public void Waiting_for_input_ends_with_a_signal([Values(1, 100, 200, 400, 1000)] int milliseconds)
    {
        SequoiaProcess run = SequoiaProcess.InterruptWaiting(TimeSpan.FromMilliseconds(milliseconds), "TERM", "generate", "--target", Model);
        Assert.That(run.Status, Is.EqualTo(130).Or.EqualTo(143), run.Notes);
        Assert.That(run.Out, Is.Empty);
    }
}

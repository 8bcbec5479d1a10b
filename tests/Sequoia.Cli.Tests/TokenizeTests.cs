namespace Sequoia.Cli.Tests;

public class TokenizeTests
{
    private static string Model => SharedData.Path("stories260K", "hf", "tokenizer.model");

    [Test]
    public void Text_becomes_ids_and_ids_become_text()
    {
        SequoiaProcess ids = SequoiaProcess.Run("tokenize", "--model", Model, "Once upon a time");
        Assert.That(ids.Out, Is.EqualTo("403 407 261 378\n"));
        SequoiaProcess text = SequoiaProcess.Run("tokenize", "--model", Model, "--decode", ids.Out);
        Assert.That(text.Out, Is.EqualTo("Once upon a time\n"));
    }

    [Test]
    public void Json_holds_the_same()
    {
        SequoiaProcess ids = SequoiaProcess.Run("tokenize", "--model", Model, "--json", "Once \"é🌲");
        string list = ids.Json["ids"]!.ToJsonString();
        Assert.That(SequoiaProcess.Run("tokenize", "--model", Model, "--json", "--decode", list).Json["text"]!.GetValue<string>(), Is.EqualTo("Once \"é🌲"));
    }

    [TestCase("-")]
    [TestCase(null)]
    public void Standard_input_is_taken_to_the_byte(string? dash)
    {
        string[] arguments = ["tokenize", "--model", Model, "--json", .. dash is null ? (string[])[] : [dash]];
        SequoiaProcess run = SequoiaProcess.RunWith("Once\nupon é\n", null, arguments);
        SequoiaProcess same = SequoiaProcess.Run("tokenize", "--model", Model, "--json", "Once\nupon é\n");
        Assert.That(run.Out, Is.EqualTo(same.Out));
    }

    [Test]
    public void Text_with_a_dash_goes_behind_two() =>
        Assert.That(SequoiaProcess.Run("tokenize", "--model", Model, "--", "--decode").Status, Is.Zero);

    [Test]
    public void Bad_input_is_told_on_one_line()
    {
        SequoiaProcess.Run("tokenize", "x").AssertBadInput("--model");
        SequoiaProcess.Run("tokenize", "--model", "/nowhere", "x").AssertBadInput("/nowhere: there is no such file");
        SequoiaProcess.Run("tokenize", "--model", Model, "--deocde", "1").AssertBadInput("--deocde");
        SequoiaProcess.Run("tokenize", "--model", Model, "--deocde").AssertBadInput("--deocde: is no option");
        SequoiaProcess.Run("tokenize", "--model", Model, "--decode", "1 512").AssertBadInput("\"512\" is no id of this tokenizer; ids are 0..511");
        SequoiaProcess.Run("tokenize", "--model", Model, "--decode", "one").AssertBadInput("\"one\" is no id");
        SequoiaProcess.Run("tokenize", "--model", Model, "x", "y").AssertBadInput("'y'");
    }
}

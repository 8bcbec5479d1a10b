using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sequoia.Cli.Bench;
using Sequoia.Cli.Offload;
using Sequoia.Native;

namespace Sequoia.Cli.Tests;

/// <summary>Demonstration models: their content on a small shape, and the command on its own.</summary>
public class DemoModelsTests
{
    private static readonly ModelShape s_shape = new("tiny", 256, 512, 4, 4, 2, 64, 1000, 512);

    // As in the pair 1b: the draft is the target's first layers.
    private static readonly SyntheticModel s_model = new(s_shape) { OutputDeviation = 0.006f, InputDeviation = 0.057f, HeadDeviation = 0.28f };

    private static readonly DemoPair s_shallow = new("shallow", s_model, s_model with { Shape = s_shape with { Layers = 1 } }, [0.827, 0.09], 16_000) { ShardBytes = 2_000_000 };

    private static readonly DemoPair s_narrow = Narrow(0.0025f);

    private static string[] Files(string folder) => [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)];

    [Test]
    public async Task Both_models_load_and_every_id_is_printable()
    {
        using var folder = new TemporaryFolder();
        DemoFolder demo = await WriteAsync(folder.Path, s_shallow);
        using var target = LanguageModel.Load(demo.Target);
        using var draft = LanguageModel.Load(demo.Draft);
        Tokenizer tokenizer = target.Tokenizer;
        using var generator = new TextGenerator(target, draft, TreePolicy.Parse("chain:3"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(File.Exists(Path.Combine(demo.Target, "model.safetensors.index.json")), "2 MB a shard");
            Assert.That(tokenizer.VocabularySize, Is.EqualTo(s_shape.Vocabulary));
            Assert.That(draft.Tokenizer.VocabularySize, Is.EqualTo(s_shape.Vocabulary));
            Assert.That(target.EosIds, Is.Empty, "texts have the length that a demonstration asks for");
            Assert.That(tokenizer.Decode(tokenizer.Encode("What is a tree? ~")), Is.EqualTo("What is a tree? ~"));
            Assert.That(tokenizer.Decode(tokenizer.Encode("\u00e9\n")), Is.EqualTo("<unk><unk>"));
        }
    }

    [Test]
    public void Every_id_of_the_large_vocabulary_is_printable_and_differs()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = Tokenizer.Load(folder.Write("tokenizer.json", JsonText.Of(DemoTokenizer.Json(32000))));
        string[] pieces = [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => tokenizer.Decode([id]))];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pieces.Distinct().Count(), Is.EqualTo(32000));
            Assert.That(pieces.Where(piece => !Regex.IsMatch(piece, "^([ -~]|<unk>|<s>| [a-z]{6})$")), Is.Empty);
            Assert.That(tokenizer.BosId, Is.EqualTo(1));
            Assert.That(tokenizer.EosId, Is.Null);
        }
    }

    // 8 prompts of 100 tokens: a standard error of 1.4 %; the promised vectors come from 16,000 steps.
    [TestCase(false)]
    [TestCase(true)]
    public async Task The_draft_is_accepted_as_often_as_promised(bool narrow)
    {
        using var folder = new TemporaryFolder();
        DemoPair pair = narrow ? s_narrow : s_shallow;
        DemoFolder demo = await WriteAsync(folder.Path, pair);
        AcceptanceMeasurement measured = Measure(demo, prompts: 8, tokens: 100);
        Assert.That(AcceptanceVector.Load(AcceptanceVector.FileOf(demo.Draft)).Values.ToArray(), Is.EqualTo(pair.Acceptance));
        Assert.That(measured.Acceptance[1], Is.EqualTo(pair.Acceptance[0]).Within(4 * Math.Sqrt(pair.Acceptance[0] * (1 - pair.Acceptance[0]) / 800)));
    }

    [Test]
    public async Task A_narrow_draft_of_a_target_without_noise_has_its_distribution()
    {
        using var folder = new TemporaryFolder();
        DemoFolder demo = await WriteAsync(folder.Path, Narrow(0));
        // The same logits up to the rounding of sums; 200 steps.
        Assert.That(Measure(demo, prompts: 2, tokens: 100).Acceptance[1], Is.GreaterThan(0.99));
    }

    [Test]
    public async Task Changed_numbers_need_a_new_version_of_the_format()
    {
        using var folder = new TemporaryFolder();
        SyntheticFile file = s_model.Files(folder.Path)[0];
        await file.WriteAsync(_ => { }, CancellationToken.None);
        byte[] bytes = await File.ReadAllBytesAsync(file.Path);
        long embedding = file.Length - file.Tensors.Sum(tensor => tensor.Bytes);
        Assert.That(Convert.ToHexStringLower(bytes.AsSpan((int)embedding, 16)), Is.EqualTo("573e513eb33f283f2e3e58bda8bfa3be"), "raise DemoFolder.Format");
    }

    [Test]
    public void The_pairs_are_of_the_named_shapes_and_sizes()
    {
        using var folder = new TemporaryFolder();
        var sizes = DemoPair.All.ToDictionary(pair => pair.Name, pair => new DemoFolder(Path.Combine(folder.Path, pair.Name), pair).Bytes);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(sizes.Keys, Is.EqualTo(["1b", "13b"]));
            Assert.That(sizes["1b"], Is.EqualTo(2.6e9).Within(0.05e9));
            Assert.That(sizes["13b"], Is.EqualTo(26.2e9).Within(0.05e9));
            foreach (DemoPair pair in DemoPair.All)
            {
                Assert.That(new AcceptanceVector(pair.Acceptance)[1], Is.EqualTo(0.83).Within(0.03));
                Assert.That(pair.Target.Files("", pair.ShardBytes).Select(file => file.Length), Is.All.LessThan(4.001e9));
            }
            Assert.That(Files(folder.Path), Is.Empty, "nothing is written before it is agreed");
        }
    }

    [TestCase("target/model-00002-of-00003.safetensors", 10, Description = "in the header")]
    [TestCase("target/model-00002-of-00003.safetensors", 3000, Description = "in the first tensor")]
    [TestCase("target/model-00003-of-00003.safetensors", 400_000, Description = "in a later one")]
    [TestCase("draft/model-00001-of-00002.safetensors", int.MaxValue, Description = "before the file got its name")]
    public async Task An_interrupted_run_is_continued_to_the_same_bytes(string file, int length)
    {
        using var folder = new TemporaryFolder();
        await WriteAsync(folder.Path, s_shallow);
        string[] files = Files(folder.Path), digests = Digests(folder.Path, files);
        Assume.That(files, Does.Contain(file));
        string interrupted = Path.Combine(folder.Path, file), partial = interrupted + ".partial";
        File.Move(interrupted, partial);
        using (FileStream stream = File.OpenWrite(partial))
            stream.SetLength(Math.Min(length, stream.Length));
        File.Delete(Path.Combine(folder.Path, "target/config.json"));
        await WriteAsync(folder.Path, s_shallow);
        Assert.That(Files(folder.Path), Is.EqualTo(files));
        Assert.That(Digests(folder.Path, files), Is.EqualTo(digests));
    }

    [Test]
    public async Task Whole_tensors_are_kept_and_files_of_another_kind_are_not()
    {
        using var folder = new TemporaryFolder();
        SyntheticFile file = s_model.Files(folder.Path)[0];
        await file.WriteAsync(_ => { }, CancellationToken.None);
        byte[] whole = await File.ReadAllBytesAsync(file.Path);
        long header = file.Length - file.Tensors.Sum(tensor => tensor.Bytes);
        int first = (int)(header + file.Tensors[0].Bytes);
        File.Delete(file.Path);

        // A byte of the first tensor that differs shows whether it is written again.
        byte[] changed = [.. whole[..(first + 100)]];
        changed[first - 1] ^= 1;
        await File.WriteAllBytesAsync(file.PartialPath, changed);
        Assert.That(file.KeptBytes, Is.EqualTo(first));
        long written = 0;
        await file.WriteAsync(bytes => written += bytes, CancellationToken.None);
        whole[first - 1] ^= 1;
        Assert.That(written, Is.EqualTo(file.Length - first));
        Assert.That((await File.ReadAllBytesAsync(file.Path)).AsSpan().SequenceEqual(whole));

        // Another header: another version's file.
        whole[first - 1] ^= 1;
        changed[header - 1] = (byte)'\t';
        File.Delete(file.Path);
        await File.WriteAllBytesAsync(file.PartialPath, changed);
        Assert.That(file.KeptBytes, Is.Zero);
        await file.WriteAsync(_ => { }, CancellationToken.None);
        Assert.That((await File.ReadAllBytesAsync(file.Path)).AsSpan().SequenceEqual(whole));

        // A file that was cut after it was complete.
        await File.WriteAllBytesAsync(file.Path, whole[..^1]);
        Assert.That(file.KeptBytes, Is.Zero);
        await file.WriteAsync(_ => { }, CancellationToken.None);
        Assert.That((await File.ReadAllBytesAsync(file.Path)).AsSpan().SequenceEqual(whole));
    }

    [Test]
    public async Task A_cancelled_run_leaves_no_file_that_looks_complete()
    {
        using var folder = new TemporaryFolder();
        SyntheticFile file = s_model.Files(folder.Path)[0];
        using var source = new CancellationTokenSource();
        long written = 0;
        Assert.That(
            async () => await file.WriteAsync(
                bytes =>
                {
                    written += bytes;
                    if (written > file.Length / 2)
                        source.Cancel();
                },
                source.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Files(folder.Path), Is.EqualTo(["model.safetensors.partial"]));
        Assert.That(file.KeptBytes, Is.EqualTo(written), "it ended after a whole tensor");
        await file.WriteAsync(bytes => written += bytes, CancellationToken.None);
        Assert.That((written, Files(folder.Path)), Is.EqualTo((file.Length, (string[])["model.safetensors"])));
    }

    [Test]
    public async Task A_vector_that_the_user_measured_is_kept_and_damaged_texts_are_not()
    {
        using var folder = new TemporaryFolder();
        DemoFolder demo = await WriteAsync(folder.Path, s_shallow);
        string acceptance = AcceptanceVector.FileOf(demo.Draft), config = Path.Combine(demo.Draft, "config.json"), text = await File.ReadAllTextAsync(config);
        await File.WriteAllTextAsync(acceptance, """{"p":[0.5]}""");
        await File.WriteAllTextAsync(config, text[..10]);
        await WriteAsync(folder.Path, s_shallow);
        Assert.That(await File.ReadAllTextAsync(acceptance), Is.EqualTo("""{"p":[0.5]}"""));
        Assert.That(await File.ReadAllTextAsync(config), Is.EqualTo(text));
    }

    [Test]
    public async Task A_disk_with_too_little_room_is_refused_before_anything_is_written()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "demo");
        long bytes = new DemoFolder(path, s_shallow).Bytes;
        string message = await MessageAsync(() => new DemoFolder(path, s_shallow, _ => bytes + 999_999_999).WriteAsync(new Streams(), true, CancellationToken.None));
        Assert.That(message, Is.EqualTo($"{path}: 8 MB are to be written and 1.0 GB must remain, but 1.0 GB are free; name a folder on another disk"));
        Assert.That(Files(folder.Path), Is.Empty);
        Assert.That(await new DemoFolder(path, s_shallow, _ => bytes + 1_000_000_000).WriteAsync(new Streams(), true, CancellationToken.None));
        // What is complete needs no room.
        Assert.That(await new DemoFolder(path, s_shallow, _ => 0).WriteAsync(new Streams(), false, CancellationToken.None));
    }

    [Test]
    public async Task Folders_with_other_content_are_refused()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("notes.txt", "x"), demo = Path.Combine(folder.Path, "demo"), marker = Path.Combine(demo, DemoMarker.FileName);
        Assert.That(Message(() => new DemoFolder(folder.Path, s_shallow)), Is.EqualTo($"{folder.Path}: holds other files (notes.txt); name a new or empty folder"));
        Assert.That(Message(() => new DemoFolder(file, s_shallow)), Is.EqualTo($"{file}: is a file; name a folder"));
        Assert.That(Message(() => DemoFolder.Clean(folder.Path)), Is.EqualTo($"{folder.Path}: has no sequoia-demo.json, so these are no demonstration models; nothing is removed"));
        await WriteAsync(demo, s_shallow);
        Assert.That(Message(() => new DemoFolder(demo, s_narrow)), Is.EqualTo($"{demo}: holds the demonstration models shallow, not narrow; sequoia demo-models DIR --clean removes them"));
        JsonNode json = JsonNode.Parse(await File.ReadAllTextAsync(marker))!;
        json["format"] = 0;
        await File.WriteAllTextAsync(marker, json.ToJsonString());
        Assert.That(Message(() => new DemoFolder(demo, s_shallow)), Is.EqualTo($"{demo}: holds demonstration models of another version of sequoia; sequoia demo-models DIR --clean removes them"));
        foreach (string name in (string[])["../notes.txt", "target/../../notes.txt", "target", file, "target/..", "other/x"])
        {
            json["files"] = new JsonArray(name);
            await File.WriteAllTextAsync(marker, json.ToJsonString());
            Assert.That(Message(() => DemoFolder.Clean(demo)), Is.EqualTo($"{marker}: files: '{name}' is no file of a model"));
        }
        Assert.That(File.Exists(file));
    }

    [Test]
    public async Task Cleaning_removes_what_was_written_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "demo"), mine = Path.Combine(path, "draft", "mine.txt");
        await WriteAsync(path, s_shallow);
        File.Move(Path.Combine(path, "target", "config.json"), Path.Combine(path, "target", "config.json.partial"));
        (long freed, string? left) = DemoFolder.Clean(path);
        Assert.That((freed, left, Directory.Exists(path)), Is.EqualTo((new DemoFolder(path, s_shallow).Bytes, default(string), false)));

        Directory.CreateDirectory(path);
        await WriteAsync(path, s_shallow);
        DemoFolder.Clean(path);
        Assert.That(Directory.Exists(path), "it was there before");

        await WriteAsync(path, s_shallow);
        await File.WriteAllTextAsync(mine, "mine");
        Assert.That(DemoFolder.Clean(path).Left, Is.EqualTo(Path.Combine(path, "draft")));
        Assert.That(Files(path), Is.EqualTo(["draft/mine.txt"]));
    }

    [Test]
    public void The_command_asks_first_and_nobody_is_there()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "demo");
        RequireRoom(folder.Path);
        SequoiaProcess run = SequoiaProcess.Run("demo-models", path);
        run.AssertBadInput("");
        Assert.That(run.Notes, Is.EqualTo($"sequoia: --yes: is missing; nobody can be asked whether 2.6 GB may be written to {path}\n"));
        Assert.That(Directory.Exists(path), Is.False);
        SequoiaProcess.Run("demo-models", path, "--size", "2b").AssertBadInput("--size 2b: must be one of 1b, 13b");
        SequoiaProcess.Run("demo-models", path, "--clean").AssertBadInput($"{path}: has no sequoia-demo.json");
    }

    [Test]
    [Platform("Linux")]
    public void An_interruption_ends_the_command_and_clean_removes_what_it_left()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "demo"), partial = Path.Combine(path, "draft", "model.safetensors.partial");
        RequireRoom(folder.Path);
        SequoiaProcess run = SequoiaProcess.InterruptWhen(() => new FileInfo(partial) is { Exists: true, Length: > 20_000_000 }, "INT", "demo-models", path, "--yes");
        Assert.That((run.Status, run.Out, run.Notes), Is.EqualTo((130, "", "")));
        Assert.That(Files(path), Is.EqualTo(["draft/model.safetensors.partial", "sequoia-demo.json"]));
        SequoiaProcess clean = SequoiaProcess.Run("demo-models", path, "--clean");
        Assert.That((clean.Status, clean.Out), Is.EqualTo((0, "")));
        Assert.That(clean.Notes, Does.Match("^sequoia: removed [0-9]+ MB\n$"));
        Assert.That(Directory.Exists(path), Is.False);
    }

    // The limit on the size of files acts as a full disk does: a write fails half-way. The runtime's own code needs a large file unless told otherwise.
    [Test]
    [Platform("Linux")]
    public void A_write_that_fails_is_one_clear_error()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "demo");
        RequireRoom(folder.Path);
        SequoiaProcess run = SequoiaProcess.RunShell("export DOTNET_EnableWriteXorExecute=0; trap '' XFSZ; ulimit -f 40000; SEQUOIA", "demo-models", path, "--yes");
        run.AssertBadInput($"{path}/draft/model.safetensors.partial: cannot be written (The file system or a limit of the shell allows no larger file)");
        Assert.That(run.Notes, Does.EndWith("; run the command again when the cause is gone: it continues from here\n"));
        Assert.That(Files(path), Is.EqualTo(["draft/model.safetensors.partial", "sequoia-demo.json"]));
    }

    private static DemoPair Narrow(float deviation)
    {
        SyntheticModel target = s_model with { OutputDeviation = deviation, EmbeddedColumns = 64 };
        return new DemoPair("narrow", target, target with { Shape = new ModelShape("draft", 64, 128, 1, 2, 2, 32, 1000, 512), FinalNorm = 2 }, [0.827, 0.094], 16_000);
    }

    private static async Task<DemoFolder> WriteAsync(string path, DemoPair pair)
    {
        var demo = new DemoFolder(path, pair);
        Assert.That(await demo.WriteAsync(new Streams(), isAgreed: true, CancellationToken.None));
        return demo;
    }

    private static AcceptanceMeasurement Measure(DemoFolder demo, int prompts, int tokens)
    {
        using var target = LanguageModel.Load(demo.Target);
        using var draft = LanguageModel.Load(demo.Draft);
        return AcceptanceMeter.Measure(
            target, draft, [.. Enumerable.Range(0, prompts).Select(i => $"{i}")], new GenerationOptions { Temperature = DemoPair.Temperature, MaxTokens = tokens, Seed = 1 });
    }

    private static string[] Digests(string folder, string[] files) =>
        [.. files.Select(file => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, file)))))];

    private static string Message(Func<object> action) => Assert.Catch<InvalidInputException>(() => action())!.Message;

    private static async Task<string> MessageAsync(Func<Task> action) => (await Assert.ThrowsAsync<InvalidInputException>(action))!.Message;

    private static void RequireRoom(string folder) =>
        Assume.That(new DriveInfo(folder).AvailableFreeSpace, Is.GreaterThan(4_000_000_000), "the command refuses a disk with less");
}

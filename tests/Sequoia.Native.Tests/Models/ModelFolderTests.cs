using System.Text.Json.Nodes;
using Sequoia.Native.Models;

namespace Sequoia.Native.Tests.Models;

/// <summary>Folders whose parts are missing, disagree or are of an unsupported kind.</summary>
public sealed class ModelFolderTests
{
    private static readonly RandomModel.Shape Small = new();

    [TestCase("model_type", "\"gpt2\"", "model_type")]
    [TestCase("model_type", null, "model_type")]
    [TestCase("hidden_act", "\"gelu\"", "hidden_act")]
    [TestCase("attention_bias", "true", "biases")]
    [TestCase("hidden_size", "null", "hidden_size: is missing")]
    [TestCase("hidden_size", "\"big\"", "hidden_size: must be a whole number")]
    [TestCase("hidden_size", "2000000000", "hidden_size: 2000000000 is too large")]
    [TestCase("hidden_size", "-5", "hidden_size: must be above 0")]
    [TestCase("num_key_value_heads", "3", "does not divide")]
    [TestCase("head_dim", "7", "head_dim")]
    [TestCase("rope_scaling", """{"rope_type":"yarn","factor":2}""", "'yarn' is not supported")]
    [TestCase("rope_scaling", """{"type":"linear","factor":0}""", "rope_scaling.factor")]
    [TestCase("rope_theta", "0", "rope_theta")]
    [TestCase("max_position_embeddings", "2147483647", "max_position_embeddings: 2147483647 is too large")]
    [TestCase("bos_token_id", "64", "bos_token_id: 64 is not below vocab_size = 64")]
    [TestCase("bos_token_id", "-1", "bos_token_id: must be a token id")]
    [TestCase("tie_word_embeddings", "3", "tie_word_embeddings: must be true or false")]
    public void A_bad_config_names_its_key(string key, string? value, string expected)
    {
        using var folder = new TemporaryFolder();
        JsonObject config = RandomModel.Config(Small);
        config[key] = value is null ? null : JsonNode.Parse(value);
        string path = folder.Write("config.json", config.ToJsonString());
        Assert.That(() => LlamaConfig.Read(path), Throws.TypeOf<ModelFileException>().With.Message.StartsWith(path).And.Message.Contains(expected));
    }

    [TestCase("{", "is not valid JSON near line 1")]
    [TestCase("[]", "must hold a JSON object")]
    [TestCase("""{"model_type":"llama","model_type":"llama"}""", "Duplicate property 'model_type'")]
    [TestCase("""{"rope_scaling":{"\ud800":1}}""", "has a key that is not valid text")]
    [TestCase("""{"\ud800":1}""", "has a key that is not valid text")]
    [TestCase("""{"model_type":"\ud800"}""", "model_type: must be a string")]
    public void A_config_that_is_no_object_is_refused(string text, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("config.json", text);
        Assert.That(() => LlamaConfig.Read(path), Throws.TypeOf<ModelFileException>().With.Message.Contains(expected));
    }

    [Test]
    public void A_config_may_begin_with_a_byte_order_mark()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("config.json", "\uFEFF" + RandomModel.Config(Small).ToJsonString());
        Assert.That(LlamaConfig.Read(path).HiddenSize, Is.EqualTo(Small.Hidden));
    }

    [Test]
    public void Configs_of_Llama_3_and_of_older_exports_are_understood()
    {
        using var folder = new TemporaryFolder();
        JsonObject json = RandomModel.Config(Small);
        json["rope_scaling"] = JsonNode.Parse("""{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}""");
        json["eos_token_id"] = JsonNode.Parse("[7, 8]");
        LlamaConfig config = LlamaConfig.Read(folder.Write("a.json", json.ToJsonString()));
        Assert.That(config.RopeScaling, Is.EqualTo(new RopeScaling.Llama3(8, 1, 4, 8192)));
        Assert.That(config.EosIds, Is.EqualTo((int[])[7, 8]));
        json.Remove("rope_scaling");
        json.Remove("num_key_value_heads");
        json.Remove("head_dim");
        config = LlamaConfig.Read(folder.Write("b.json", json.ToJsonString()));
        Assert.That((config.KvHeads, config.HeadDim, config.RopeScaling), Is.EqualTo((Small.Heads, Small.Hidden / Small.Heads, (RopeScaling?)null)));
    }

    [Test]
    public void Llama_3_scaling_keeps_short_wavelengths_and_divides_long_ones()
    {
        var scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
        Assert.That(scaling.Scale(1), Is.EqualTo(1));
        Assert.That(scaling.Scale(1e-5), Is.EqualTo(1e-5 / 8).Within(1e-18));
        // Halfway between one and four turns over the original context.
        double middle = 2.5 * 2 * Math.PI / 8192;
        Assert.That(scaling.Scale(middle), Is.EqualTo(middle * ((0.5 / 8) + 0.5)).Within(1e-12));
    }

    [Test]
    public void Missing_extra_and_misshapen_tensors_are_named()
    {
        List<(string Name, int[] Extents)> all = RandomModel.Tensors(Small);
        AssertRefused(all[..^1], Small, "'model.layers.1.mlp.down_proj.weight' is missing");
        AssertRefused([.. all, ("model.layers.0.self_attn.q_proj.bias", [48])], Small, "biases are not supported");
        AssertRefused([.. all, ("model.layers.2.mlp.down_proj.weight", [48, 70])], Small, "no Llama model of this config has it");
        AssertRefused([("model.embed_tokens.weight", [64, 50]), .. all[1..]], Small, "has shape [64, 50], but config.json asks for [64, 48]");
        AssertRefused(all, Small with { Tied = false }, "'lm_head.weight' is missing");
        using TemporaryFolder good = Write([.. all, ("lm_head.weight", [64, 48]), ("model.layers.0.self_attn.rotary_emb.inv_freq", [6])], Small);
        using var files = new ModelFiles(good.Path);
        Assert.That(new LlamaTensors(files, Config(good)).Head.Name, Is.EqualTo("model.embed_tokens.weight"));
    }

    [Test]
    public void Shards_are_joined_and_missing_ones_named()
    {
        using var folder = new TemporaryFolder();
        List<(string Name, int[] Extents)> all = RandomModel.Tensors(Small);
        folder.Write("config.json", RandomModel.Config(Small).ToJsonString());
        folder.Write("one.safetensors", RandomModel.Safetensors(all[..8], Small));
        folder.Write("two.safetensors", RandomModel.Safetensors(all[8..], Small));
        WriteIndex(folder, all, i => i < 8 ? "one.safetensors" : "two.safetensors");
        using (var files = new ModelFiles(folder.Path))
            Assert.That(files.Tensors, Has.Count.EqualTo(all.Count));

        WriteIndex(folder, all, i => i < 9 ? "one.safetensors" : "two.safetensors");
        Assert.That(() => new ModelFiles(folder.Path), Throws.TypeOf<ModelFileException>().With.Message.Contains($"one.safetensors: tensor '{all[8].Name}' is missing"));
        WriteIndex(folder, all, i => i < 8 ? "one.safetensors" : "three.safetensors");
        Assert.That(() => new ModelFiles(folder.Path), Throws.TypeOf<ModelFileException>().With.Message.Contains("three.safetensors: the file is missing"));
        WriteIndex(folder, all, _ => "../one.safetensors");
        Assert.That(() => new ModelFiles(folder.Path), Throws.TypeOf<ModelFileException>().With.Message.Contains("is not a file name"));
    }

    private static void WriteIndex(TemporaryFolder folder, List<(string Name, int[] Extents)> tensors, Func<int, string> file)
    {
        var map = new JsonObject();
        for (int i = 0; i < tensors.Count; i++)
            map[tensors[i].Name] = file(i);
        folder.Write("model.safetensors.index.json", new JsonObject { ["weight_map"] = map }.ToJsonString());
    }

    private static void AssertRefused(List<(string Name, int[] Extents)> tensors, RandomModel.Shape config, string expected)
    {
        using TemporaryFolder folder = Write(tensors, config);
        using var files = new ModelFiles(folder.Path);
        Assert.That(() => new LlamaTensors(files, Config(folder)), Throws.TypeOf<ModelFileException>().With.Message.Contains(expected));
    }

    private static LlamaConfig Config(TemporaryFolder folder) => LlamaConfig.Read(Path.Combine(folder.Path, "config.json"));

    private static TemporaryFolder Write(List<(string Name, int[] Extents)> tensors, RandomModel.Shape config)
    {
        var folder = new TemporaryFolder();
        folder.Write("config.json", RandomModel.Config(config).ToJsonString());
        folder.Write("model.safetensors", RandomModel.Safetensors(tensors, config));
        return folder;
    }
}

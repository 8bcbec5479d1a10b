namespace Sequoia.Native.Models;

/// <summary>The stop tokens of a model: `generation_config.json` where it exists, else `config.json`.</summary>
internal static class GenerationConfig
{
    public static int[] ReadEosIds(string folder, LlamaConfig config)
    {
        string path = Path.Combine(folder, "generation_config.json");
        if (!File.Exists(path))
            return config.EosIds;
        int[] ids = JsonFile.Read(path).Ids("eos_token_id");
        return ids.Length > 0 ? ids : config.EosIds;
    }
}

using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>Identifies a model in files of measurements: the folder's name and its weights' digests.</summary>
internal static class ModelIdentity
{
    /// <summary>A snapshot in Hugging Face's cache, models--org--name/snapshots/COMMIT, has the name org/name.</summary>
    public static string Name(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        const string prefix = "models--";
        return full.Split(Path.DirectorySeparatorChar) is [.., var cached, "snapshots", _] && cached.StartsWith(prefix, StringComparison.Ordinal)
            ? cached[prefix.Length..].Replace("--", "/", StringComparison.Ordinal)
            : Path.GetFileName(full);
    }

    /// <summary>The SHA-256 of each weights file, as {"model.safetensors":"..."}.</summary>
    public static JsonObject Digests(string folder)
    {
        var digests = new JsonObject();
        foreach (string file in Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal))
            digests[Path.GetFileName(file)] = Digest(file);
        return digests;
    }

    /// <summary>The SHA-256 of a file, in lower-case hexadecimal digits.</summary>
    public static string Digest(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: cannot be read ({e.Message.ReplaceLineEndings(" ")})", e);
        }
    }
}

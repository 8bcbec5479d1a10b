namespace Sequoia.Cli.Tests;

/// <summary>A model whose context takes minutes to fill, for runs that only a signal or a closed pipe ends.</summary>
internal sealed class EndlessModel : IDisposable
{
    public const int Context = 1 << 17;

    private readonly TemporaryFolder _folder = new();

    public EndlessModel()
    {
        RandomModel.Write(_folder.Path, new RandomModel.Shape(Vocabulary: 512, Context: Context));
        File.Copy(SharedData.Path("stories260K", "hf", "tokenizer.model"), Path.Combine(_folder.Path, "tokenizer.model"));
    }

    /// <summary>What makes `generate` fill the context.</summary>
    public string[] Arguments => ["--target", _folder.Path, "--max-tokens", $"{Context}", "--ignore-eos", "--threads", "1"];

    public void Dispose() => _folder.Dispose();
}

namespace Sequoia.Training.Tests;

[SetUpFixture]
internal sealed class LoadLibtorch
{
    [OneTimeSetUp]
    public void Prepare() => LibtorchOnOlderGlibcxx.Prepare(AppContext.BaseDirectory);
}

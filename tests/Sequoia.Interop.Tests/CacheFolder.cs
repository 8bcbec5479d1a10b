namespace Sequoia.Interop.Tests;

/// <summary>Tests keep compiled kernels in a folder of their own, not in the user's.</summary>
[SetUpFixture]
internal sealed class CacheFolder
{
    private TemporaryFolder? _folder;

    [OneTimeSetUp]
    public void Move()
    {
        _folder = new TemporaryFolder();
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", _folder.Path);
    }

    [OneTimeTearDown]
    public void Remove() => _folder?.Dispose();
}

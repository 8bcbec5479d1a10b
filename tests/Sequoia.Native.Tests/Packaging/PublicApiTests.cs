using System.Reflection;
using PublicApiGenerator;

namespace Sequoia.Native.Tests.Packaging;

/// <summary>What the packages promise to their users, word for word: a change shows in review.</summary>
internal sealed class PublicApiTests
{
    [TestCase(typeof(TextGenerator))]
    [TestCase(typeof(Interop.CudaContext))]
    public void The_public_api_is_as_it_was(Type inside)
    {
        Assembly assembly = inside.Assembly;
        string name = $"{assembly.GetName().Name}.api.txt", received = Path.Combine(Repository.Root, "out", name);
        string api = assembly.GeneratePublicApi(new ApiGeneratorOptions { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n") + "\n";
        string approved = Path.Combine(Repository.Root, "tests", "Sequoia.Native.Tests", "Packaging", name);
        if (File.Exists(approved) && File.ReadAllText(approved) == api)
            return;
        File.WriteAllText(received, api);
        Assert.Fail($"The public API has changed. If that is meant, copy out/{name} to tests/Sequoia.Native.Tests/Packaging/ and commit it with the change.");
    }
}

namespace Sequoia.Testing;

/// <summary>The checkout that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, "Sequoia.Native.sln")))
                return folder;
        }
        throw new InvalidOperationException("The tests must run from inside the checkout.");
    }
}

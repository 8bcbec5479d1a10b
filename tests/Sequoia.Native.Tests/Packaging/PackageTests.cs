using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Sequoia.Native.Tests.Packaging;

/// <summary>What a user does first: install the package into a fresh project and run the README's code.</summary>
public sealed class PackageTests
{
    [Test]
    public void The_readmes_code_runs_in_a_fresh_project_that_installs_the_package()
    {
        using var folder = new TemporaryFolder();
        string feed = Path.Combine(folder.Path, "feed"), project = Path.Combine(folder.Path, "app");
        Directory.CreateDirectory(project);
        foreach (string packed in (string[])["src/Sequoia.Native", "interop/Sequoia.Interop"])
            Dotnet(Repository.Root, "pack", "--no-build", "-c", "Release", packed, "-o", feed);
        File.WriteAllText(Path.Combine(project, "app.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <ImplicitUsings>enable</ImplicitUsings>
                <InvariantGlobalization>true</InvariantGlobalization>
                <RestoreSources>$(MSBuildProjectDirectory)/../feed</RestoreSources>
                <RestorePackagesPath>$(MSBuildProjectDirectory)/../packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Sequoia.Native" Version="*" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(project, "Program.cs"), ReadmeCode());
        Dotnet(project, "build", "-c", "Release", "-o", "out");
        // Run at the checkout's root, where the README's model folders are.
        string output = Dotnet(Repository.Root, Path.Combine(project, "out", "app.dll"));
        Assert.That(output, Does.Match(@"\w+ \w+ \w+").And.Match(@"\d+ tokens/s, \d\.\d\d tokens a step"));
    }

    private static string ReadmeCode()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        return Regex.Match(readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
    }

    private static string Dotnet(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // The test runner's own settings must not leak into the builds it starts.
        start.Environment.Remove("MSBuildSDKsPath");
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, $"dotnet {string.Join(' ', arguments)}\n{output}\n{errors.Result}");
        return output;
    }
}

using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests.Libraries;

/// <summary>How libraries are looked for, and what is said when they are not found.</summary>
internal sealed class SearchTests
{
    [Test]
    public void A_library_that_is_nowhere_is_reported_with_every_path()
    {
        using var empty = new TemporaryFolder();
        var search = new LibrarySearch(empty.Path);
        Assert.That(CudaCompiler.TryLoad(search, null, out LibraryReport report), Is.Null);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.IsFound, Is.False);
            Assert.That(report.Attempts.Select(attempt => attempt.Problem), Is.All.EqualTo("no such file"));
            Assert.That(report.Attempts.Select(attempt => Path.GetDirectoryName(attempt.Path)), Is.All.EqualTo(empty.Path));
            Assert.That(report.ToString(), Does.StartWith("NVRTC: not found").And.Contain(empty.Path));
            Assert.That(() => CudaCompiler.Load(search), Throws.TypeOf<LibraryNotFoundException>().With.Message.Contains("SEQUOIA_CUDA_PATH"));
            Assert.That(() => CudaDriver.Load(search), Throws.TypeOf<LibraryNotFoundException>().With.Message.Contains("install NVIDIA's driver"));
        }
    }

    [Test]
    [Platform("Linux")]
    public void A_file_that_is_no_library_is_reported_in_the_loaders_words()
    {
        using var folder = new TemporaryFolder();
        folder.Write("libcuda.so.1", "no library");
        Assert.That(CudaDriver.TryLoad(new LibrarySearch(folder.Path), out LibraryReport report), Is.Null);
        Assert.That(report.Attempts.Single().Problem, Does.Contain("file too short").Or.Contain("invalid ELF header"));
    }

    [Test]
    [Platform("Linux")]
    public void A_library_without_the_names_is_turned_down_by_name()
    {
        using var folder = new TemporaryFolder();
        string other = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.Native.so");
        File.Copy(other, Path.Combine(folder.Path, "libnvrtc.so.12"));
        Assert.That(CudaCompiler.TryLoad(new LibrarySearch(folder.Path), null, out LibraryReport nvrtc), Is.Null);
        Assert.That(nvrtc.Attempts[^1].Problem, Is.EqualTo("is too old: it has no nvrtcVersion"));
    }

    [Test]
    public void The_first_folder_that_has_it_wins_and_the_report_says_so()
    {
        string home = Path.GetDirectoryName(Path.GetFullPath(NeededLibraries.Compiler().Library.Path!))!;
        using var empty = new TemporaryFolder();
        LibraryReport report = CudaCompiler.Load(new LibrarySearch(empty.Path, home)).Library;
        Assert.That(Path.GetDirectoryName(report.Path), Is.EqualTo(home));
        Assert.That(report.Attempts[^1], Is.EqualTo(new LibraryAttempt(report.Path!, null)));
        Assert.That(report.Attempts[0].Path, Does.StartWith(empty.Path));
    }

    [Test]
    [Platform("Linux")]
    public void Missing_built_in_functions_are_named_with_every_path()
    {
        using var folder = new TemporaryFolder();
        LibraryReport report = NvrtcLibrary.FindBuiltins(Path.Combine(folder.Path, "libnvrtc.so.99"), new Version(99, 1));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.IsFound, Is.False);
            Assert.That(report.Attempts[0], Is.EqualTo(new LibraryAttempt(Path.Combine(folder.Path, "libnvrtc-builtins.so.99.1"), "no such file")));
            Assert.That(report.Attempts.Select(attempt => attempt.Path), Does.Contain("libnvrtc-builtins.so.99.1"), "the loader was asked");
            Assert.That(report.Attempts, Is.Unique);
        }
    }

    [Test]
    public void The_named_folder_comes_first()
    {
        string? before = Environment.GetEnvironmentVariable(LibrarySearch.FolderVariable);
        using var folder = new TemporaryFolder();
        try
        {
            Environment.SetEnvironmentVariable(LibrarySearch.FolderVariable, folder.Path);
            CudaCompiler.TryLoad(null, null, out LibraryReport report);
            Assert.That(report.Attempts[0].Path, Does.StartWith(folder.Path));
        }
        finally
        {
            Environment.SetEnvironmentVariable(LibrarySearch.FolderVariable, before);
        }
    }
}

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

    /// <summary>A machine's folders, and where the search for NVRTC ends.</summary>
    [TestCase("SEQUOIA_CUDA_PATH=/mine;VIRTUAL_ENV=/venv", "/mine/lib64:12 /usr/local/cuda/lib64:13 /venv/lib/python3.12/site-packages/nvidia/cu13/lib:13", "/mine/lib64:12")]
    [TestCase("SEQUOIA_CUDA_PATH=/mine", "/mine/targets/x86_64-linux/lib:13", "/mine/targets/x86_64-linux/lib:13")]
    [TestCase("VIRTUAL_ENV=/venv", "/usr/local/cuda/lib64:12 /venv/lib/python3.12/site-packages/nvidia/cu13/lib:13", "/usr/local/cuda/lib64:12")]
    [TestCase("", "/usr/local/cuda-13.0/targets/x86_64-linux/lib:13 /usr/local/cuda-12.4/lib64:12", "/usr/local/cuda-13.0/targets/x86_64-linux/lib:13")]
    [TestCase("VIRTUAL_ENV=/venv", "/venv/lib/python3.12/site-packages/nvidia/cu13/lib:13 /venv/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib:12", "/venv/lib/python3.12/site-packages/nvidia/cu13/lib:13")]
    [TestCase("VIRTUAL_ENV=/venv", "/venv/lib/python3.9/site-packages/nvidia/a/lib:12 /venv/lib/python3.9/site-packages/nvidia/b/lib:13", "/venv/lib/python3.9/site-packages/nvidia/b/lib:13")]
    [TestCase("VIRTUAL_ENV=/venv;CONDA_PREFIX=/conda", "/conda/lib:13 /venv/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib:12", "/venv/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib:12")]
    [TestCase("CONDA_PREFIX=/conda", "/conda/targets/x86_64-linux/lib:12", "/conda/targets/x86_64-linux/lib:12")]
    [TestCase("CONDA_PREFIX=/conda", "/conda/lib/python3.11/site-packages/nvidia/cu13/lib:13 /conda/lib:12", "/conda/lib/python3.11/site-packages/nvidia/cu13/lib:13")]
    [TestCase("HOME=/me", "/me/.local/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib:12", "/me/.local/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib:12")]
    [TestCase("", "/usr/local/lib/python3.12/dist-packages/nvidia/cu13/lib:13", "/usr/local/lib/python3.12/dist-packages/nvidia/cu13/lib:13")]
    [TestCase("", "/usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib:12", "/usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib:12")]
    [TestCase("", "/opt/conda/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib:12", "/opt/conda/lib/python3.12/site-packages/nvidia/cuda_nvrtc/lib:12")]
    [Platform("Linux")]
    public void The_usual_places_are_searched_in_order(string variables, string files, string expected)
    {
        using var machine = new TemporaryFolder();
        string real = Path.GetDirectoryName(Path.GetFullPath(NeededLibraries.Compiler().Library.Path!))!;
        string builtins = Path.GetFileName(NeededLibraries.Compiler().Builtins.Path!);
        foreach (string file in files.Split(' '))
        {
            (string folder, string version) = (At(file.Split(':')[0]), file.Split(':')[1]);
            Directory.CreateDirectory(folder);
            // Whatever its version, it is NVRTC.
            File.CreateSymbolicLink(Path.Combine(folder, $"libnvrtc.so.{version}"), Path.Combine(real, "libnvrtc.so.12"));
            File.CreateSymbolicLink(Path.Combine(folder, builtins), Path.Combine(real, builtins));
        }
        Dictionary<string, string> set = variables.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => At(pair[1]));
        // Without the places that this machine fills itself: the program's, the build's and the loader's.
        IReadOnlyList<IReadOnlyList<string?>> places =
            [.. new UsualPlaces(name => set.GetValueOrDefault(name), machine.Path).All().Where(place => place.All(folder => folder?.StartsWith(machine.Path, StringComparison.Ordinal) == true))];
        CudaCompiler found = CudaCompiler.Load(new LibrarySearch(places));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.Library.Path, Is.EqualTo(Path.Combine(At(expected.Split(':')[0]), $"libnvrtc.so.{expected.Split(':')[1]}")));
            Assert.That(found.Builtins.Path, Is.EqualTo(Path.Combine(Path.GetDirectoryName(found.Library.Path)!, builtins)));
        }

        string At(string path) => machine.Path + path;
    }

    [Test]
    [Platform("Linux")]
    public void The_driver_of_a_container_is_found([Values("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib")] string folder)
    {
        using var machine = new TemporaryFolder();
        Directory.CreateDirectory(machine.Path + folder);
        string file = Path.Combine(machine.Path + folder, "libcuda.so.1");
        File.Copy(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.Native.so"), file);
        Assert.That(CudaDriver.TryLoad(new LibrarySearch([.. new UsualPlaces(_ => null, machine.Path).All().Where(place => place[0]?.StartsWith(machine.Path, StringComparison.Ordinal) == true)]), out LibraryReport report), Is.Not.Null);
        Assert.That(report.Path, Is.EqualTo(file));
    }

    [Test]
    public void Settings_come_before_the_loader_and_packages_last()
    {
        List<string?> first = [.. new UsualPlaces(name => name is "SEQUOIA_CUDA_PATH" or "VIRTUAL_ENV" ? "/" + name : null, "/nowhere").All().Select(place => place[0])];
        Assert.That(first[0], Is.EqualTo("/SEQUOIA_CUDA_PATH"));
        Assert.That(first.IndexOf(null), Is.InRange(1, first.Count - 2));
        if (OperatingSystem.IsLinux())
            Assert.That(first[^1], Is.EqualTo("/VIRTUAL_ENV/lib"));
    }
}

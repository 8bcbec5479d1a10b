using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Sequoia.Interop;

namespace Sequoia.Cli.Tests;

/// <summary>sequoia doctor and sequoia devices, on machines with and without CUDA.</summary>
internal sealed class DoctorTests
{
    private const string Folder = "SEQUOIA_CUDA_PATH";

    [Test]
    public void Doctor_shows_what_was_looked_for_and_where()
    {
        using var empty = new TemporaryFolder();
        SequoiaProcess run = SequoiaProcess.RunWhere(Folder, empty.Path, "doctor", "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.Zero);
            Assert.That(run.Notes, Is.Empty);
            foreach (string name in (string[])["driver", "nvrtc"])
            {
                JsonNode check = Find(run, name);
                Assert.That((string?)check["tried"]![0]!["path"], Does.StartWith(empty.Path), name);
                Assert.That((string?)check["tried"]![0]!["problem"], Is.EqualTo("no such file"), name);
                Assert.That((bool)check["usable"]!, Is.EqualTo(check["tried"]!.AsArray()[^1]!["problem"] is null), name);
            }
            Assert.That(run.Json["missing"]!.AsArray(), Is.Empty);
        }
    }

    [Test]
    public void Nvrtc_compiles_an_empty_kernel_where_it_is_required()
    {
        NeededLibraries.Compiler();
        SequoiaProcess run = SequoiaProcess.Run("doctor", "--require", "nvrtc");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.Zero);
            Assert.That(run.Out, Does.Match(@"(?m)^nvrtc +ok .*compiled an empty kernel in [\d.]+ ms$").And.Match("(?m)^nvrtc-builtins +ok ")
                .And.Match(@"(?m)^software:0 +ok .*; kernels come as PTX \(compute_80\)$"));
        }
    }

    [Test]
    [Platform("Linux")]
    public void What_is_required_and_broken_fails_in_the_loaders_words()
    {
        using var folder = new TemporaryFolder();
        folder.Write("libnvrtc.so.13", "no library");
        SequoiaProcess run = SequoiaProcess.RunWhere(Folder, folder.Path, "doctor", "--require", "driver, nvrtc", "--device", "software:77");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.EqualTo(1));
            Assert.That(run.Out, Does.Contain($"    {folder.Path}/libnvrtc.so.13: ").And.Match("libnvrtc.so.13: .*(file too short|invalid ELF header)"));
            Assert.That(run.Notes, Does.Contain("sequoia: software:77 is required and not usable"));
        }
    }

    [Test]
    [Platform("Linux")]
    public void Entry_points_that_a_driver_lacks_are_listed_with_what_they_are_for()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "libSystem.Native.so"), Path.Combine(folder.Path, "libcuda.so.1"));
        SequoiaProcess run = SequoiaProcess.RunWhere(Folder, folder.Path, "doctor");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Status, Is.Zero);
            Assert.That(run.Out, Does.Match(@"(?m)^entry-points +missing +(\d+) of \1 are not in this driver"));
            Assert.That(run.Out, Does.Contain("; kernels check, kernels bench, devices --ceilings and generate --kernel: cuCtxCreate_v2, cuCtxDestroy_v2; "));
            Assert.That(run.Out, Does.Match("everything: .*cuInit.*cuMemAlloc_v2.*cuLaunchKernel"));
            Assert.That(DriverTable.Names.Where(name => !run.Out.Contains(name, StringComparison.Ordinal)), Is.Empty);
        }
    }

    [TestCase("--require", "everything", "'everything' must be one of driver, nvrtc")]
    [TestCase("--device", "gpu", "must be cuda, cuda:N or software")]
    [TestCase("--device", "cuda:first", "must be cuda, cuda:N or software")]
    public void Unknown_names_are_bad_input(string option, string value, string complaint) =>
        SequoiaProcess.Run("doctor", option, value).AssertBadInput(complaint);

    [Test]
    public void Devices_are_listed_or_their_absence_is_explained()
    {
        SequoiaProcess json = SequoiaProcess.Run("devices", "--json"), text = SequoiaProcess.Run("devices");
        JsonArray devices = json.Json["devices"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json.Status, Is.Zero);
            Assert.That(text.Status, Is.Zero);
            Assert.That(text.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(devices.Count));
            foreach (JsonNode? device in devices)
                Assert.That(text.Out, Does.Contain((string)device!["name"]!).And.Contain((string)device["title"]!));
            foreach ((string kind, JsonNode? problem) in json.Json["problems"]!.AsObject())
                Assert.That(text.Notes, Does.Contain($"sequoia: no {kind} device: {problem}"));
            Assert.That(devices.Any(device => ((string)device!["name"]!).StartsWith("cuda:", StringComparison.Ordinal)),
                Is.Not.EqualTo(json.Json["problems"]!.AsObject().ContainsKey("cuda")));
        }
    }

    private static JsonNode Find(SequoiaProcess run, string name) =>
        run.Json["checks"]!.AsArray().Single(check => (string)check!["name"]! == name)!;
}

namespace Sequoia.SoftwareGpu.Tests.DropIn;

/// <summary>Programs of other makers run on the drop-in library, each in a process of its own.</summary>
public class DropInTests
{
    private static readonly string[] Kernels =
    [
        "vector add", "integers and branches", "double precision", "reduction", "scan", "matrix multiply", "tiled matrix multiply", "atomics",
        "warp shuffles", "local arrays",
    ];

    // ILGPU's compiler and bindings are nobody's here: its PTX is executed as it comes.
    [Test]
    public void Ilgpu_computes_what_its_cpu_accelerator_computes([Values("", "checks=all", "schedule=random:3", "schedule=adversarial:3")] string settings)
    {
        string program = Path.Combine(Repository.Root, "out", "artifacts", "bin", "Sequoia.SoftwareGpu.Ilgpu", "release", "Sequoia.SoftwareGpu.Ilgpu");
        (int status, string output) = DropInLibrary.Run(program, [], settings);
        Assert.That(status, Is.Zero, output);
        Assert.That(output, Does.Contain("48 imported, 0 missing").And.Contain("Sequoia software GPU"));
        foreach (string kernel in Kernels)
            Assert.That(output, Does.Contain($"{kernel}: equal"));
    }

    [Test]
    public void A_c_program_finds_the_library_by_its_name()
    {
        string program = CProgram();
        (int status, string output) = DropInLibrary.Run(program, []);
        Assert.That((status, output.Trim()), Is.EqualTo((0, "1000 sums are right on Sequoia software GPU")));
    }

    [Test]
    public void Its_overrun_is_an_error_that_names_the_thread_and_the_instruction()
    {
        (int status, string output) = DropInLibrary.Run(CProgram(), ["overrun"], "checks=all");
        Assert.That(status, Is.EqualTo(1));
        Assert.That(output, Does.Contain("CUDA_ERROR_ILLEGAL_ADDRESS").And.Contain("block (7, 0, 0), warp 3, lane 8").And.Contain("ld.global.f32"));
    }

    [Test]
    public void Settings_that_make_no_sense_are_told()
    {
        (int status, string output) = DropInLibrary.Run(CProgram(), [], "checks=some");
        Assert.That(status, Is.EqualTo(1));
        Assert.That(output, Does.Contain("checks=some").And.Contain("cuInit"));
    }

    private static string CProgram()
    {
        string build = Path.Combine("out", "c");
        foreach (string[] step in (string[][])[["-S", ".", "-B", build], ["--build", build]])
        {
            (int status, string output) = DropInLibrary.Run("cmake", step);
            Assert.That(status, Is.Zero, output);
        }
        return Path.Combine(Repository.Root, build, "vector_add");
    }
}

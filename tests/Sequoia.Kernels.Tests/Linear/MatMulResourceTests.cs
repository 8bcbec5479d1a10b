using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>What ptxas reports for every configuration of the linear layers.</summary>
internal sealed class MatMulResourceTests : CudaFixture
{
    private const int RegistersOfMultiprocessor = 65536, Block = 128, StaticLimit = 48 * 1024;

    /// <summary>
    /// Blocks that registers let reside on a multiprocessor. Of up to 16 tokens as many as an H100's shared memory holds, the largest of all (228 KB for
    /// 41 KB each with the system's share); of 64 as many as an A100's (164 KB, 49 KB).
    /// </summary>
    private static int Blocks(int tokens) => tokens == 64 ? 3 : 5;

    [Test]
    public void Kernel_keeps_all_in_registers([Values(8, 16, 32, 64)] int tokens, [Values] Element element, [Values(80, 86, 89, 90)] int architecture) =>
        Check("matmul", architecture, element, RegistersOfMultiprocessor / Block / Blocks(tokens), ("TOKENS", $"{tokens}"));

    [Test]
    public void Twin_keeps_all_in_registers([Values] Element element, [Values(75, 80, 86, 89, 90)] int architecture) =>
        Check("matmul_scalar", architecture, element, 64);

    private static void Check(string source, int architecture, Element element, int mostRegisters, params (string Name, string Value)[] macros)
    {
        Dictionary<string, string?> defines = macros.ToDictionary(macro => macro.Name, macro => (string?)macro.Value);
        defines["ELEMENT"] = $"{element}";
        CompileOptions options = CudaKernels.Options(source, KernelSet.Headers, defines) with { Architecture = $"sm_{architecture}" };
        CompiledKernels compiled = MatMulUnderTest.Compiler.Compile(KernelSet.Default[source], options);
        Assert.That(compiled.Resources, Has.Count.EqualTo(4));
        Assert.Multiple(() =>
        {
            foreach (KernelResources resources in compiled.Resources)
            {
                TestContext.Out.WriteLine(resources);
                Assert.That((resources.SpillStoreBytes, resources.SpillLoadBytes, resources.StackBytes), Is.EqualTo((0, 0, 0)), $"{resources}");
                Assert.That(resources.Registers, Is.LessThanOrEqualTo(mostRegisters), $"{resources}");
                Assert.That(resources.SharedBytes, Is.LessThanOrEqualTo(StaticLimit));
            }
        });
    }
}

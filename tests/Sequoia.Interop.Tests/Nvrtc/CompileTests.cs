using System.Text;

namespace Sequoia.Interop.Tests.Nvrtc;

/// <summary>What NVRTC makes of sources, and what it says about those that it cannot compile.</summary>
internal sealed class CompileTests
{
    private const string Scale = """
        #include "factor.h"
        template <typename T, int Block>
        __global__ void scale(T* y, const T* x, int n) {
            __shared__ T kept[Block];
            int i = blockIdx.x * Block + threadIdx.x;
            kept[threadIdx.x] = i < n ? x[i] : T(0);
            __syncthreads();
            if (i < n) y[i] = kept[(threadIdx.x + 1) % Block] * T(FACTOR);
        }
        extern "C" __global__ void nothing() {}
        """;

    private static readonly Dictionary<string, string> s_headers = new() { ["factor.h"] = "#pragma once\n#define FACTOR 3\n" };

    [Test]
    public void Ptx_has_the_kernels_under_their_lowered_names()
    {
        CompiledKernels kernels = NeededLibraries.Compiler().Compile(
            Scale, new() { Architecture = "compute_80", Headers = s_headers, Kernels = ["scale<float, 128>", "scale<double, 64>"] });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(kernels.IsCubin, Is.False);
            Assert.That(kernels.Ptx, Does.Contain(".target sm_80").And.Contain(".entry nothing"));
            Assert.That(kernels.LoweredNames["scale<float, 128>"], Is.EqualTo("_Z5scaleIfLi128EEvPT_PKS0_i"));
            foreach (string name in kernels.LoweredNames.Values)
                Assert.That(kernels.Ptx, Does.Contain($".entry {name}("));
            Assert.That(kernels.Ptx, Does.Not.Contain("\0"));
            Assert.That(kernels.Resources, Is.Empty);
            Assert.That(kernels.FromCache, Is.False);
        }
    }

    [Test]
    public void Cubin_comes_with_the_resources_of_each_kernel()
    {
        CompiledKernels kernels = NeededLibraries.Compiler().Compile(
            Scale, new() { Architecture = "sm_80", Headers = s_headers, Kernels = ["scale<float, 128>"] });
        KernelResources scale = kernels.Resources.Single(kernel => kernel.Kernel == kernels.LoweredNames["scale<float, 128>"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(kernels.IsCubin);
            Assert.That(kernels.Image.Span[..4].ToArray(), Is.EqualTo("\u007fELF"u8.ToArray()));
            Assert.That(kernels.Resources, Has.Count.EqualTo(2));
            Assert.That(scale.Architecture, Is.EqualTo("sm_80"));
            Assert.That(scale.SharedBytes, Is.EqualTo(128 * sizeof(float)));
            Assert.That(scale.Registers, Is.InRange(4, 64));
            // Parameters start at 0x160 on this architecture: two pointers and an int behind 352 bytes.
            Assert.That(scale.ConstantBytes, Is.EqualTo(352 + 20));
            Assert.That(scale.StackBytes + scale.SpillLoadBytes + scale.SpillStoreBytes, Is.Zero);
            Assert.That(() => kernels.Ptx, Throws.InvalidOperationException);
        }
    }

    [Test]
    public void What_ptxas_does_not_tell_is_not_zero()
    {
        KernelResources kernel = NeededLibraries.Compiler().Compile("__global__ void f(int* x) { x[0] = 1; }", new() { Architecture = "sm_90" }).Resources.Single();
        Assert.That(kernel.Registers, Is.Positive);
        Assert.That(kernel.ConstantBytes, Is.Null.Or.Positive);
    }

    [Test]
    public void Spills_and_stack_are_reported()
    {
        var source = new StringBuilder("extern \"C\" __global__ void many(float* x) {\n");
        for (int i = 0; i < 60; i++)
            source.Append("float v").Append(i).Append(" = x[").Append(i).Append(" * blockDim.x];\n");
        source.Append("__syncthreads();\n");
        for (int i = 0; i < 60; i++)
            source.Append("x[").Append((i * 7) + 1).Append("] = v").Append(i).Append(" * v").Append((i + 13) % 60).Append(";\n");
        source.Append('}');
        KernelResources many = NeededLibraries.Compiler().Compile(source.ToString(), new() { Architecture = "sm_80", MaxRegisters = 32 }).Resources.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(many.Registers, Is.LessThanOrEqualTo(32));
            Assert.That(many.SpillStoreBytes, Is.Positive);
            Assert.That(many.SpillLoadBytes, Is.Positive);
            Assert.That(many.StackBytes, Is.Positive);
        }
    }

    [Test]
    public void A_called_functions_report_is_not_taken_for_the_kernels()
    {
        const string Source = """
            __device__ __noinline__ float pick(const float* x, int i) { volatile float kept[64]; for (int k = 0; k < 64; k++) kept[k] = x[k]; return kept[i]; }
            extern "C" __global__ void f(float* y, const float* x, int i) { y[0] = pick(x, i); }
            """;
        CompiledKernels kernels = NeededLibraries.Compiler().Compile(Source, new() { Architecture = "sm_80" });
        Assert.That(kernels.Log, Does.Contain("Function properties for _Z4pickPKfi"));
        Assert.That(kernels.Resources.Single().StackBytes, Is.EqualTo(64 * sizeof(float)), kernels.Log);
    }

    [Test]
    public void An_error_carries_the_log_with_file_and_line_of_the_source()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        CompileException? error = Assert.Throws<CompileException>(() => compiler.Compile(
            "#include \"h.h\"\n__global__ void f() {\n    int x = y;\n}\n",
            new() { FileName = "my folder/kernel (1).cu", Headers = new Dictionary<string, string> { ["h.h"] = "__device__ int g() { return z; }\n" } }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Is.EqualTo("h.h(1): error: identifier \"z\" is undefined (the first of 2 errors)"));
            Assert.That(error.Log, Does.Contain("2 errors detected"));
            Assert.That(error.Diagnostics.Where(found => found.Severity == "error"), Is.EqualTo(new[]
            {
                new CompileDiagnostic("h.h", 1, "error", "identifier \"z\" is undefined"),
                new CompileDiagnostic("my folder/kernel (1).cu", 3, "error", "identifier \"y\" is undefined"),
            }));
        }
    }

    [Test]
    public void Warnings_are_kept_when_the_source_compiles()
    {
        CompiledKernels kernels = NeededLibraries.Compiler().Compile("__global__ void f() {}\n#warning careful\n");
        Assert.That(kernels.Log, Does.Contain("kernel.cu(2): warning").And.Contain("careful"));
    }

    [TestCase("sm_999", null, "--gpu-architecture")]
    [TestCase("compute_80", "--bogus", "--bogus")]
    public void Wrong_options_are_named(string architecture, string? extra, string named)
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        Assert.That(
            () => compiler.Compile("", new() { Architecture = architecture, Extra = extra is null ? [] : [extra] }),
            Throws.TypeOf<CompileException>().With.Message.Contains(named).And.Message.Not.Contain("\n"));
    }

    [Test]
    public void A_name_expression_without_a_kernel_is_an_error()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        CompileException? error = Assert.Throws<CompileException>(
            () => compiler.Compile("__global__ void f() {}", new() { Kernels = ["nope<3>"] }));
        Assert.That(error.Message, Does.StartWith("name expression: error: identifier \"nope\" is undefined"));
    }

    [Test]
    public void Ptx_that_the_assembler_refuses_is_an_error()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        CompileException? error = Assert.Throws<CompileException>(
            () => compiler.Compile("__global__ void f() { asm volatile(\"bogus.b32;\"); }", new() { Architecture = "sm_80" }));
        Assert.That(error.Message, Does.Contain("bogus").And.Not.Contain("\n"));
    }

    [Test]
    public void A_zero_in_the_source_is_refused_and_not_cut_off()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        Assert.That(() => compiler.Compile("__global__ void f() {}\0garbage"), Throws.TypeOf<CompileException>().With.Message.Contains("zero"));
    }

    [Test]
    public void Defines_fast_math_and_line_info_reach_the_compiler()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        const string Source = "extern \"C\" __global__ void f(float* x) { x[0] = SCALE / x[1]; }";
        CompiledKernels plain = compiler.Compile(Source, new() { Defines = new Dictionary<string, string?> { ["SCALE"] = "2.0f" }, LineInfo = false });
        CompiledKernels fast = compiler.Compile(Source, new() { Defines = new Dictionary<string, string?> { ["SCALE"] = "2.0f" }, FastMath = true });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plain.Ptx, Does.Contain("div.rn.f32").And.Not.Contain(".loc"));
            Assert.That(fast.Ptx, Does.Contain("div.approx.ftz.f32").And.Contain(".loc"));
        }
    }

    [Test]
    public void Architectures_and_version_are_known()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        Assert.That(compiler.Version.Major, Is.GreaterThanOrEqualTo(11));
        Assert.That(compiler.Architectures, Does.Contain(new Version(8, 0)).And.Ordered);
        Assert.That(compiler.Builtins.IsFound, compiler.Builtins.ToString());
    }

    [Test]
    public void Threads_compile_side_by_side()
    {
        CudaCompiler compiler = NeededLibraries.Compiler();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i =>
        {
            CompiledKernels kernels = compiler.Compile($"template <int N> __global__ void f(int* x) {{ x[0] = N + {i}; }}", new() { Kernels = [$"f<{i}>"] });
            Assert.That(kernels.Ptx, Does.Contain($"_Z1fILi{i}EEvPi"));
        });
    }
}

using Sequoia.Native;
using Sequoia.Native.Diagnostics.Kernels;
using Sequoia.Native.Execution.Cuda.Parameters;
using Sequoia.Native.Sampling;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Sampling;

/// <summary>verify_tree and its twin against TreeVerifier, bit for bit.</summary>
internal sealed class VerifyTreeTests : CudaFixture
{
    private KernelUnderTest _draw = null!;

    [OneTimeSetUp]
    public void CompileDraw() => _draw = DrawKernels.Kernel(256);

    [OneTimeTearDown]
    public void Dispose() => _draw.Dispose();

    [Test]
    public void Equals_the_reference_on_random_cases()
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(128);
        int walks = 0, accepted = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            using VerifyProblem problem = VerifyCases.Random(seed);
            accepted += VerifyCheck.Run(problem, _draw, walks: 8, (device, random) => device.Run(kernel, random));
            walks += 8;
        }
        TestContext.Out.WriteLine($"{walks} walks, {accepted} nodes");
        // Beyond the root: the walks do go down.
        Assert.That(accepted, Is.GreaterThan(walks * 3 / 2));
    }

    [Test]
    public void Equals_the_reference_by_the_methods_to_compare_with(
        [Values(SpeculationMethod.SpecInfer, SpeculationMethod.TargetOnly)] SpeculationMethod method)
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(128), twin = VerifyKernels.Twin();
        int accepted = 0;
        for (int seed = 0; seed < 160; seed++)
        {
            using VerifyProblem problem = VerifyCases.Random(seed, method: method);
            accepted += VerifyCheck.Run(problem, _draw, walks: 6, (device, random) => device.Run(kernel, random));
            if (seed % 4 == 0)
                VerifyCheck.Run(problem, _draw, walks: 2, (device, random) => device.RunTwin(twin, random));
        }
        Assert.That(accepted, Is.GreaterThan(160 * 6 * 5 / 4));
    }

    [Test]
    public void Equals_the_reference_on_large_vocabularies([Values(32_000, 128_256)] int vocabulary)
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(1024);
        for (int seed = 5; seed < 11; seed++)
        {
            using VerifyProblem problem = VerifyCases.Random(seed, vocabulary);
            VerifyCheck.Run(problem, _draw, walks: 2, (device, random) => device.Run(kernel, random));
        }
    }

    /// <summary>Children that were not drawn: any tokens, in any order, impossible ones among them.</summary>
    [Test]
    public void Equals_the_reference_for_any_children()
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(256);
        for (int seed = 500; seed < 560; seed++)
        {
            using VerifyProblem problem = VerifyCases.Random(seed);
            VerifyCheck.Run(problem, _draw, walks: 4, (device, random) => device.Run(kernel, random), shuffledChildren: seed);
        }
    }

    [Test]
    public void Equals_the_reference_when_the_drafts_mass_is_used_up()
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(128);
        for (int seed = 0; seed < 60; seed++)
        {
            using VerifyProblem problem = VerifyCases.UsedUp(seed);
            VerifyCheck.Run(problem, _draw, walks: 8, (device, random) => device.Run(kernel, random));
        }
    }

    [Test]
    public void Threads_change_no_bit([Values(256, 512, 1024)] int threads)
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(threads);
        for (int seed = 1000; seed < 1010; seed++)
        {
            using VerifyProblem problem = VerifyCases.Random(seed);
            VerifyCheck.Run(problem, _draw, walks: 3, (device, random) => device.Run(kernel, random));
        }
    }

    [Test]
    public void Twin_equals_the_reference()
    {
        using KernelUnderTest twin = VerifyKernels.Twin();
        for (int seed = 2000; seed < 2060; seed++)
        {
            using VerifyProblem problem = VerifyCases.Random(seed);
            VerifyCheck.Run(problem, _draw, walks: 3, (device, random) => device.RunTwin(twin, random));
        }
    }

    [Test]
    public void Is_clean_in_every_order([Values] Schedule schedule)
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(256);
        for (int seed = 3000; seed < 3018; seed++)
        {
            using var _ = new Launching(Launching.Checked(schedule, seed));
            using VerifyProblem problem = VerifyCases.Random(seed);
            VerifyCheck.Run(problem, _draw, walks: 2, (device, random) => device.Run(kernel, random));
        }
    }

    /// <summary>A lone root draws as autoregressive decoding does.</summary>
    [Test]
    public void A_lone_root_equals_the_reference([Values(0f, 0.7f)] float temperature)
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(256), twin = VerifyKernels.Twin();
        var draft = new DrawProblem(TokenTree.Root, 200, new SamplingOptions(temperature, 0.9f), new RandomKey(1, 2), shuffle: 1);
        using var problem = new VerifyProblem(draft) { Nodes = 1 };
        HardRows.Fill(problem.Target.Row(0), LogitKind.Usual, new Random(1));
        VerifyCheck.Run(problem, _draw, walks: 40, (device, random) => device.Run(kernel, random));
        VerifyCheck.Run(problem, _draw, walks: 4, (device, random) => device.RunTwin(twin, random));
    }

    [Test]
    public void Damaged_logits_end_the_walk_with_a_flag([Values(0f, 0.8f)] float temperature, [Values(float.NaN, float.NegativeInfinity)] float damage)
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(256), twin = VerifyKernels.Twin();
        using VerifyProblem problem = Chain(temperature);
        problem.Target.Row(2).Fill(damage);
        // The draft is the target: the walk gets to node 2 for certain.
        VerifyCheck.Run(problem, _draw, walks: 2, (device, random) => device.Run(kernel, random));
        VerifyCheck.Run(problem, _draw, walks: 2, (device, random) => device.RunTwin(twin, random));
    }

    [Test]
    public void One_damaged_logit_is_enough([Values(0f, 0.8f)] float temperature)
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(256);
        using VerifyProblem problem = Chain(temperature);
        _ = problem.Draft.Draw();
        using var drawn = new DeviceDraw(problem.Draft);
        drawn.Run(_draw);
        problem.Target.Row(1)[^1] = BitConverter.UInt32BitsToSingle(0x7F800001);
        using var device = new DeviceVerify(problem, drawn);
        device.Run(kernel, new RandomKey(1, 1));
        Assert.That((device.Errors, device.Verdict), Is.EqualTo((LogitDamage.Target, default(DeviceVerdict))));
    }

    /// <summary>What was drawn from damaged logits is not looked at: there is no law to verify it by.</summary>
    [Test]
    public void An_earlier_error_ends_the_walk_at_once()
    {
        using KernelUnderTest kernel = VerifyKernels.Kernel(256);
        using VerifyProblem problem = Chain(0.8f);
        using var drawn = new DeviceDraw(problem.Draft);
        using var device = new DeviceVerify(problem, drawn);
        device.Run(kernel, new RandomKey(1, 1), LogitDamage.Draft);
        Assert.That((device.Errors, device.Verdict), Is.EqualTo((LogitDamage.Draft, default(DeviceVerdict))));
    }

    private static VerifyProblem Chain(float temperature)
    {
        var draft = new DrawProblem(TokenTree.Chain(3), 100, new SamplingOptions(temperature), new RandomKey(1, 2), shuffle: 1);
        var problem = new VerifyProblem(draft) { Nodes = 4 };
        for (int node = 0; node < 4; node++)
            HardRows.Fill(problem.Target.Row(node), LogitKind.Usual, new Random(node));
        for (int row = 0; row < draft.Rows; row++)
            problem.Target.Row(draft.NodeOfRow[row]).CopyTo(draft.Logits.Row(row));
        return problem;
    }
}

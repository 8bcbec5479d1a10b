using System.Diagnostics;

namespace Sequoia.SoftwareGpu.Tests;

internal sealed class LlamaTests : CudaFixture
{
    [Test]
    public void Decodes_64_tokens_with_all_checks_as_the_reference_does()
    {
        using LlamaOnGpu llama = new();
        llama.Gpu.Options = new LaunchOptions { Checks = true };
        for (int position = 0; position < LlamaOnGpu.MaxLength; position++)
        {
            double[] expected = llama.Reference(llama.Token, position);
            llama.Step(position);
            float[] actual = llama.Logits;

            // Logits are of order one, after some 70 sums of 64 terms in single precision: 1e-4 is some ten times the error seen.
            Assert.That(actual.Zip(expected, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-4), $"position {position}");
            Assert.That(llama.Token, Is.EqualTo(Array.IndexOf(expected, expected.Max())), $"position {position}");
        }

        Assert.That(llama.Findings, Is.Empty);
    }

    [Test]
    public void Decodes_64_tokens_in_a_second()
    {
        using LlamaOnGpu llama = new();
        llama.Gpu.Options = new LaunchOptions { Checks = true };
        Stopwatch watch = Stopwatch.StartNew();
        for (int position = 0; position < LlamaOnGpu.MaxLength; position++)
            llama.Step(position);
        TestContext.Out.WriteLine($"{watch.Elapsed.TotalMilliseconds:F0} ms");

        // About a quarter of a second on one core; other work on the machine may slow it down.
        Assert.That(watch.Elapsed.TotalSeconds, Is.LessThan(1));
    }
}

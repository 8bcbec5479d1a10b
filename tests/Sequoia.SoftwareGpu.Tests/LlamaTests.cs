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
    public void Decodes_64_tokens_in_about_a_second()
    {
        using LlamaOnGpu llama = new();
        llama.Gpu.Options = new LaunchOptions { Checks = true };

        // The best of three: the first one compiles the handlers, and neighbours in the caches slow any of them down.
        double best = double.MaxValue;
        for (int run = 0; run < 3; run++)
        {
            TimeSpan spent = ThreadTime.Of(() =>
            {
                for (int position = 0; position < LlamaOnGpu.MaxLength; position++)
                    llama.Step(position);
            });
            best = Math.Min(best, spent.TotalSeconds);
        }

        TestContext.Out.WriteLine($"{best * 1e3:F0} ms");
        // The aim is a second (docs/measurements.md); other tests share the caches.
        Assert.That(best, Is.LessThan(5));
    }
}

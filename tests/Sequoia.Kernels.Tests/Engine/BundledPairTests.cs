using System.Text.Json;
using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Models;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>
/// The bundled pair on the device, along the texts that the CPU tells, beside a simulation in double precision that rounds what the device rounds.
/// </summary>
internal sealed class BundledPairTests : CudaFixture
{
    // The device rounds what the simulation rounds, and attention's weights beside, one rounding more to seven a layer; its sums differ in their last
    // bits, so that some values fall to the other neighbour. So its error is another draw of the same kind, hardly larger on average, and its largest
    // over the 4,096 logits of a text's hundred positions is compared with the simulation's largest over the same: two maxima of many
    // draws of one law. Twice is what kernels of attention are held to against the same arithmetic done otherwise.
    private const double Allowed = 2;

    private const int Tokens = 100;

    // All combinations with all prompts take a quarter of an hour: SEQUOIA_PROMPTS=50.
    private const int MostPrompts = 50;
    private const int FewPrompts = 3;

    // Of positions whose two best logits are nearer to each other than rounding can tell. BF16's roundings are eight times as coarse as F16's, and so
    // are its bounds.
    private const double MostExcused = 0.03;

    [TearDown]
    public void Plain() => SoftwareDriver.Options = new LaunchOptions();

    [Test]
    public void Logits_are_as_near_to_the_truth_as_rounded_activations_allow(
        [Values("target", "draft")] string part, [Values] Element element, [Values] Numerics numerics)
    {
        int prompts = int.TryParse(Environment.GetEnvironmentVariable("SEQUOIA_PROMPTS"), out int asked) ? asked
            : (element, numerics) == (Element.F16, Numerics.Fast) ? MostPrompts : FewPrompts;
        string folder = Path.Combine(Repository.Root, "models", part);
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        using var files = new ModelFiles(folder);
        var tensors = new LlamaTensors(files, config);
        using var cpu = new TestModel(folder);
        using var device = new DeviceModel(folder, element: element);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        var exact = new DoubleLlama(config, tensors, x => x);
        var rounded = new DoubleLlama(config, tensors, x => Elements.Widen(Elements.Narrow((float)x, element), element));
        SoftwareDriver.Options = new LaunchOptions { Numerics = numerics, Threads = 2 };
        int excused = 0, positions = 0;
        double worst = 0;
        foreach (string prompt in Prompts().Take(prompts))
        {
            int[] start = [tokenizer.BosId!.Value, .. tokenizer.Encode(prompt)];
            int[] text = Greedy(cpu.Llama, start);
            double[][] truth = exact.Logits(text), simulated = rounded.Logits(text);
            int[][] found = ForwardPasses.Chain(device.Llama, text, 64), expected = ForwardPasses.Chain(cpu.Llama, text, 64);
            double bound = Allowed * Enumerable.Range(start.Length - 1, Tokens).Max(position => Distance(simulated[position], truth[position]));
            for (int position = start.Length - 1; position < text.Length; position++)
            {
                float[] logits = Floats(found[position]), reference = Floats(expected[position]);
                double distance = Distance([.. logits.Select(x => (double)x)], truth[position]);
                worst = Math.Max(worst, distance / bound);
                positions++;
                float[] best = [.. reference.OrderDescending().Take(2)];
                if (best[0] - best[1] <= 2 * bound)
                    excused++;
                else
                    Assert.That(Array.IndexOf(logits, logits.Max()), Is.EqualTo(Array.IndexOf(reference, best[0])), $"'{prompt}', position {position}");
            }
        }
        TestContext.Out.WriteLine($"{part}, {element}, {numerics}: {positions} positions, largest error {Allowed * worst:F2} x the simulation's; {(double)excused / positions:P2} excused");
        Assert.That(worst, Is.LessThanOrEqualTo(1));
        if (element == Element.F16)
            Assert.That((double)excused / positions, Is.LessThanOrEqualTo(MostExcused));
    }

    private static int[] Greedy(Llama model, int[] prompt)
    {
        using var decoder = new Native.Engine.Decoder(model, null, TokenTree.Root, 256);
        decoder.Start(prompt, new Native.Sampling.SamplingOptions(0), 0, default);
        List<int> text = [.. prompt];
        while (text.Count < prompt.Length + Tokens - 1)
            text.AddRange(decoder.Step());
        return [.. text];
    }

    private static double Distance(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    private static float[] Floats(int[] bits) => [.. bits.Select(BitConverter.Int32BitsToSingle)];

    private static IEnumerable<string> Prompts() => File.ReadLines(Path.Combine(Repository.Root, "models", "prompts.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("prompt").GetString()!);
}

using Sequoia.Training.Storage;
using static TorchSharp.torch;

namespace Sequoia.Training.Tests;

internal sealed class StorageTests
{
    [TestCase(1f, 0x3F80)]
    [TestCase(1.00390625f, 0x3F80)] // half way: to the even one below
    [TestCase(1.01171875f, 0x3F82)] // half way: to the even one above
    [TestCase(-0.1f, 0xBDCD)]
    public void Rounds_to_nearest_even(float value, int bits) => Assert.That(Bfloat16.Round([value])[0], Is.EqualTo(bits));

    [TestCase(false)]
    [TestCase(true)]
    public void Tensors_read_back_as_written(bool bfloat16)
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"storage-{bfloat16}.safetensors");
        using Tensor a = tensor(new float[] { 1, -2, 0.5f, 4, 5, 6 }).reshape(2, 3), b = tensor(new float[] { 7 });
        Safetensors.Write(path, [("b", b), ("a", a)], bfloat16, new Dictionary<string, string> { ["step"] = "3" });
        long header = BitConverter.ToInt64(File.ReadAllBytes(path));
        (Dictionary<string, Tensor> tensors, Dictionary<string, string> metadata) = Safetensors.Read(path);
        File.Delete(path);
        Assert.That(header % 8, Is.Zero);
        Assert.That(tensors["a"].shape, Is.EqualTo(new long[] { 2, 3 }));
        Assert.That(tensors["a"].data<float>().ToArray(), Is.EqualTo(new float[] { 1, -2, 0.5f, 4, 5, 6 }));
        Assert.That(tensors["b"].data<float>().ToArray(), Is.EqualTo(new float[] { 7 }));
        Assert.That(metadata["step"], Is.EqualTo("3"));
    }

    [Test]
    public void The_library_needs_no_second_edit()
    {
        string path = Directory.EnumerateFiles(AppContext.BaseDirectory, "libLibTorchSharp.so", SearchOption.AllDirectories).First();
        Assert.That(LibtorchOnOlderGlibcxx.Rewrite(File.ReadAllBytes(path)), Is.False);
    }
}

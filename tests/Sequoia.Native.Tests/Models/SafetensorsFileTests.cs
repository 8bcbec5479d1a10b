using System.Text;
using Sequoia.Native.Models;

namespace Sequoia.Native.Tests.Models;

/// <summary>A weights file is hostile until checked: every lie gets one line that names the file and what is wrong.</summary>
public sealed class SafetensorsFileTests
{
    private const string Good = """{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}""";

    [Test]
    public unsafe void A_good_file_gives_its_tensors()
    {
        using var folder = new TemporaryFolder();
        byte[] data = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        using var file = new SafetensorsFile(folder.Write("m.safetensors", File(Good + "   ", data)));
        Assert.That(file.Tensors.Keys, Is.EquivalentTo((string[])["a", "b"]));
        Assert.That(file.Tensors["a"].Shape, Is.EqualTo((long[])[2, 3]));
        Assert.That(file.Tensors["b"].Type, Is.EqualTo(TensorType.BF16));
        Assert.That(file.Tensors["b"].Data[0], Is.EqualTo(24));
    }

    [Test]
    public void A_link_stands_for_its_file()
    {
        using var folder = new TemporaryFolder();
        string link = Path.Combine(folder.Path, "link");
        System.IO.File.CreateSymbolicLink(link, folder.Write("m.safetensors", File(Good, new byte[32])));
        using var file = new SafetensorsFile(link);
        Assert.That(file.Tensors, Has.Count.EqualTo(2));
    }

    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlaps")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "outside the 4 bytes")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "outside")]
    [TestCase("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "belong to no tensor")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 20, "oversized")]
    [TestCase("""{"a":{"dtype":"I8","shape":[8],"data_offsets":[0,8]}}""", 8, "dtype I8")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "impossible shape")]
    [TestCase("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}""", 0, "impossible shape")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1,1,1],"data_offsets":[0,4]}}""", 4, "3 dimensions")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "whole number")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16, "listed twice")]
    [TestCase("""{"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}}""", 8, "'dtype' twice")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "lacks")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}""", 8, "unknown key 'x'")]
    [TestCase("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "not an array")]
    [TestCase("""{"a":[1]}""", 8, "not described by an object")]
    [TestCase("[1]", 8, "not a JSON object")]
    [TestCase("{\"a\":", 8, "not valid JSON")]
    [TestCase("{} trailing", 8, "not valid JSON")]
    public void Lies_are_named(string header, int dataBytes, string expected)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("m.safetensors", File(header, new byte[dataBytes]));
        AssertRefused(path, expected);
    }

    [Test]
    public void Impossible_header_lengths_are_named()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(folder.Write("huge", [.. BitConverter.GetBytes(1_000_000_000_000ul), 1, 2, 3]), "claims 1000000000000 bytes");
        AssertRefused(folder.Write("negative", [.. BitConverter.GetBytes(ulong.MaxValue), 1, 2, 3]), "claims 18446744073709551615 bytes");
        AssertRefused(folder.Write("cut", File(Good, new byte[32])[..60]), "truncated");
        AssertRefused(folder.Write("short", [1, 2, 3]), "only 3 bytes");
        AssertRefused(folder.Write("empty", []), "cannot be mapped");
        AssertRefused(Path.Combine(folder.Path, "absent"), "missing");
    }

    [Test]
    public void A_header_that_is_not_UTF8_is_named()
    {
        using var folder = new TemporaryFolder();
        byte[] header = Encoding.UTF8.GetBytes(Good);
        header[2] = 0xFF;
        AssertRefused(folder.Write("m", [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. new byte[32]]), "UTF-8");
    }

    [Test]
    public void Random_damage_never_gets_past_the_checks()
    {
        using var folder = new TemporaryFolder();
        byte[] good = File(Good, new byte[32]);
        var random = new Random(4);
        for (int i = 0; i < 3000; i++)
        {
            byte[] damaged = [.. good];
            for (int hits = random.Next(1, 4); hits > 0; hits--)
                damaged[random.Next(8 + Good.Length)] = (byte)random.Next(256);
            string path = folder.Write("m", damaged);
            try
            {
                using var file = new SafetensorsFile(path);
                Assert.That(file.Tensors.Values.Sum(t => t.Shape.Aggregate((long)t.Type.Size(), (a, b) => a * b)), Is.LessThanOrEqualTo(damaged.Length));
            }
            catch (ModelFileException e)
            {
                Assert.That(e.Message, Does.StartWith(path).And.Not.Contains("\n"));
            }
        }
    }

    private static byte[] File(string header, byte[] data) => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(header)), .. Encoding.UTF8.GetBytes(header), .. data];

    private static void AssertRefused(string path, string expected)
    {
        var error = Assert.Throws<ModelFileException>(() => new SafetensorsFile(path).Dispose())!;
        Assert.That(error.Message, Does.StartWith(path).And.Contains(expected).And.Not.Contains("\n"));
    }
}

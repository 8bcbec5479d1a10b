using Sequoia.Native.Numerics;

namespace Sequoia.Native.Tests.Numerics;

public sealed class PhiloxTests
{
    /// <summary>The known answers that the generator's authors publish for philox4x32-10.</summary>
    [TestCase(0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x0000000000000000ul, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [TestCase(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xfffffffffffffffful, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [TestCase(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0x299f31d0a4093822ul, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Known_answers(uint c0, uint c1, uint c2, uint c3, ulong key, uint x0, uint x1, uint x2, uint x3) =>
        Assert.That(Philox.Block(key, c0, c1, c2, c3), Is.EqualTo((x0, x1, x2, x3)));

    [Test]
    public unsafe void Filling_a_row_gives_each_token_its_own_block_output([Values(1, 4, 31, 64, 1000)] int count, [Values] bool vectors)
    {
        if (vectors && !System.Runtime.Intrinsics.X86.Avx512F.IsSupported)
            Assert.Ignore("CPU lacks AVX-512");
        using var row = new AlignedBuffer<uint>(count + 64);
        Philox.Fill(row.Pointer, count, 77, 5, 6, 7, vectors);
        for (int token = 0; token < count; token++)
        {
            (uint X0, uint X1, uint X2, uint X3) block = Philox.Block(77, (uint)token / 4, 5, 6, 7);
            uint expected = (token % 4) switch { 0 => block.X0, 1 => block.X1, 2 => block.X2, _ => block.X3 };
            Assert.That(row.Pointer[token], Is.EqualTo(expected));
        }
    }
}

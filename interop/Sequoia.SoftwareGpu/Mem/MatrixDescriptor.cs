namespace Sequoia.SoftwareGpu.Mem;

/// <summary>
/// The descriptor of a K-major operand of wgmma in shared memory: rows of 16-bit elements in groups of eight.
/// <para>
/// Without a swizzle, eight rows of 16 bytes are a contiguous core matrix; the leading offset is from one core matrix to the next in k. With the
/// 128-byte swizzle, a row is 128 bytes and eight rows are 1,024, in which bits 4 to 6 of an address are exclusive-ored with bits 7 to 9. The stride
/// offset is from one group of eight rows to the next.
/// </para>
/// </summary>
internal readonly struct MatrixDescriptor(ulong bits)
{
    public const int RowsOfGroup = 8;

    /// <summary>Contiguous bytes of a row: bit 4 and above of an address may be swizzled.</summary>
    public const int Chunk = 16;

    private const int SwizzledRow = 128;

    public ulong Start => Field(0);

    public bool IsSwizzled => Swizzle == 1;

    /// <summary>Null if the layout is supported, or what is not.</summary>
    public string? Unsupported => Swizzle > 1 ? $"a swizzle of {(Swizzle == 2 ? 64 : 32)} bytes"
        : (bits >> 49 & 7) != 0 ? "a base offset: a swizzled matrix begins at a multiple of 1,024 bytes" : null;

    private ulong Leading => Field(16);

    private ulong Stride => Field(32);

    private ulong Swizzle => bits >> 62;

    /// <summary>The offset in shared memory of a row's chunk.</summary>
    public ulong At(int row, int chunk)
    {
        ulong group = Start + ((ulong)(row / RowsOfGroup) * Stride);
        ulong inGroup = (ulong)(row % RowsOfGroup);
        if (!IsSwizzled)
            return group + (inGroup * Chunk) + ((ulong)chunk * Leading);
        ulong at = group + (inGroup * SwizzledRow) + ((ulong)chunk * Chunk);
        return at ^ ((at >> 7 & 7) << 4);
    }

    /// <summary>Offsets are stored without their four lowest bits.</summary>
    private ulong Field(int shift) => (bits >> shift & 0x3FFF) << 4;
}

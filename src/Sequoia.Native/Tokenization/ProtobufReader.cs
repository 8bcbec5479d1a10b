using System.Buffers.Binary;

namespace Sequoia.Native.Tokenization;

/// <summary>Reads one protobuf message field by field. Every length is checked against the remaining bytes.</summary>
internal ref struct ProtobufReader(string file, ReadOnlySpan<byte> message)
{
    private readonly string _file = file;
    private ReadOnlySpan<byte> _rest = message;
    private int _wire;

    public int Field { get; private set; }

    /// <summary>Advances to the next field; its value must then be read or skipped.</summary>
    public bool Next()
    {
        if (_rest.IsEmpty)
            return false;
        ulong tag = ReadVarint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        _wire = (int)(tag & 7);
        if (Field == 0 || _wire is 3 or 4 or > 5)
            throw Damaged();
        return true;
    }

    public void Skip()
    {
        switch (_wire)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                Take(8);
                break;
            case 2:
                Bytes();
                break;
            default:
                Take(4);
                break;
        }
    }

    public long Integer()
    {
        Expect(0);
        return (long)ReadVarint();
    }

    public bool Flag() => Integer() != 0;

    public float Float()
    {
        Expect(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public ReadOnlySpan<byte> Bytes()
    {
        Expect(2);
        ulong length = ReadVarint();
        return length <= (ulong)_rest.Length ? Take((int)length) : throw Damaged();
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw Damaged();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw Damaged();
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    private readonly void Expect(int wire)
    {
        if (_wire != wire)
            throw Damaged();
    }

    private readonly ModelFileException Damaged() =>
        new(_file, "is not a whole SentencePiece model (truncated or of another format); download it again");
}

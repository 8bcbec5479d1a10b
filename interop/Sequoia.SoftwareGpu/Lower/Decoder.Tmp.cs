using Sequoia.SoftwareGpu.Ptx;
namespace Sequoia.SoftwareGpu.Lower;
internal sealed unsafe partial class Decoder
{
    public static bool IsBuiltIn(string name) => name is "vprintf" or "__assertfail";
    private Op DecodeBuiltIn() => throw _opcode.Unknown();
    private Op DecodeHalf() => throw _opcode.Unknown();
    private Op DecodeHalfTranscendental(string name, string rounding, PtxType type) => throw _opcode.Unknown();
    private Op DecodeBits() => throw _opcode.Unknown();
    private Op DecodeAtomic() => throw _opcode.Unknown();
    private Op DecodeAsyncCopy() => throw _opcode.Unknown();
    private Op DecodeLoadMatrix() => throw _opcode.Unknown();
    private Op DecodeMma() => throw _opcode.Unknown();
}

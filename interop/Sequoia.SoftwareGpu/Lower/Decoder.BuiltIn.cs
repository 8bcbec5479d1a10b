using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Lower;

internal sealed unsafe partial class Decoder
{
    /// <summary>Functions of the device runtime, which no module defines.</summary>
    public static bool IsBuiltIn(string name) => name is "vprintf" or "__assertfail";

    private Op DecodeBuiltIn()
    {
        bool isPrint = _instruction.Source.Callee == "vprintf";
        int wanted = isPrint ? 3 : 5;
        if (_instruction.CallStorage.Length != wanted)
            throw _instruction.Error($"'{_instruction.Source.Callee}' is called with the wrong number of parameters");
        Value[] storage = [.. _instruction.CallStorage.Select(v => lowering.Constant(Width.Long, v.Address))];
        bool isInFrame = _instruction.CallStorage is [{ IsInFrame: true }, ..];
        Value frame = isInFrame ? lowering.Frame : lowering.Constant(Width.Long, 0);
        return new Op { A = frame, Run = isPrint ? H(&DevicePrint.Print) : H(&DevicePrint.Assert), Extra = storage };
    }
}

using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>Fills the slots of immediates, special registers and parameters.</summary>
internal static unsafe class FixedSlots
{
    /// <summary>Whether each block starts with another value, or with this value again.</summary>
    public static bool IsPerBlock(Value value) => value.Kind == ValueKind.Frame || value.Special is Special.CtaidX or Special.CtaidY or Special.CtaidZ;

    public static void Fill(byte* slot, Value value, Warp w, Launch launch)
    {
        switch (value.Kind)
        {
            case ValueKind.Constant:
                Broadcast(slot, value.Width, value.Bits);
                break;
            case ValueKind.Parameter:
                Broadcast(slot, value.Width, ReadParameter(value, launch));
                break;
            case ValueKind.Special when !IsPerBlock(value):
                for (int lane = 0; lane < 32; lane++)
                    ((uint*)slot)[lane] = SpecialOf(value.Special, w, lane, launch);
                break;
        }
    }

    public static void FillForBlock(byte* slot, Value value, (uint X, uint Y, uint Z) position) => Broadcast(slot, value.Width, value.Special switch
    {
        Special.CtaidX => position.X,
        Special.CtaidY => position.Y,
        Special.CtaidZ => position.Z,
        _ => 0,
    });

    private static ulong ReadParameter(Value value, Launch launch)
    {
        byte* from = launch.Parameters + value.ParameterOffset;
        bool signed = value.ParameterType.IsSigned;
        return value.ParameterType.Bits switch
        {
            8 => signed ? (ulong)*(sbyte*)from : *from,
            16 => signed ? (ulong)*(short*)from : *(ushort*)from,
            32 => signed ? (ulong)*(int*)from : *(uint*)from,
            _ => *(ulong*)from,
        };
    }

    private static void Broadcast(byte* slot, Width width, ulong bits)
    {
        switch (width)
        {
            case Width.Predicate:
                *(uint*)slot = (uint)bits;
                break;
            case Width.Word:
                new Span<uint>(slot, 32).Fill((uint)bits);
                break;
            default:
                new Span<ulong>(slot, 32).Fill(bits);
                break;
        }
    }

    private static uint SpecialOf(Special special, Warp w, int lane, Launch launch)
    {
        uint thread = (uint)((w.Index * 32) + lane);
        (uint x, uint y, uint z) = launch.BlockSize;
        uint bit = 1u << lane;
        return special switch
        {
            Special.TidX => thread % x,
            Special.TidY => thread / x % y,
            Special.TidZ => thread / (x * y),
            Special.NtidX => x,
            Special.NtidY => y,
            Special.NtidZ => z,
            Special.NctaidX => launch.GridSize.X,
            Special.NctaidY => launch.GridSize.Y,
            Special.NctaidZ => launch.GridSize.Z,
            Special.LaneId => (uint)lane,
            Special.WarpId => (uint)w.Index,
            Special.NwarpId => (uint)launch.Shape.Warps,
            Special.NsmId => 1,
            Special.LaneMaskEq => bit,
            Special.LaneMaskLt => bit - 1,
            Special.LaneMaskLe => bit | (bit - 1),
            Special.LaneMaskGt => ~(bit | (bit - 1)),
            Special.LaneMaskGe => ~(bit - 1),
            Special.DynamicShared => (uint)launch.DynamicSharedBytes,
            Special.TotalShared => (uint)launch.Shape.SharedBytes,
            _ => 0,
        };
    }
}

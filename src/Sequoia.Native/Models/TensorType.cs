namespace Sequoia.Native.Models;

/// <summary>The element types that weights are stored in.</summary>
internal enum TensorType
{
    F32,
    F16,
    BF16,
}

internal static class TensorTypes
{
    public static int Size(this TensorType type) => type == TensorType.F32 ? 4 : 2;
}

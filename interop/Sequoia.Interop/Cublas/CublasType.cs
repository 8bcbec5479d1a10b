namespace Sequoia.Interop;

/// <summary>The type of a matrix's elements (cudaDataType_t).</summary>
public enum CublasType
{
    /// <summary>float.</summary>
    F32 = 0,

    /// <summary>half.</summary>
    F16 = 2,

    /// <summary>signed char.</summary>
    S8 = 3,

    /// <summary>__nv_bfloat16.</summary>
    BF16 = 14,
}

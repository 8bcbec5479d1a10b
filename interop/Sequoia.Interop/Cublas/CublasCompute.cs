namespace Sequoia.Interop;

/// <summary>The arithmetic of a product (cublasComputeType_t): the kinds that sum in float.</summary>
public enum CublasCompute
{
    /// <summary>float.</summary>
    F32 = 68,

    /// <summary>float, without any reordering that saves time.</summary>
    F32Pedantic = 69,

    /// <summary>float, with factors rounded to half on tensor cores.</summary>
    F32FastF16 = 74,

    /// <summary>float, with factors rounded to bfloat16 on tensor cores.</summary>
    F32FastBF16 = 75,

    /// <summary>float, with factors rounded to TF32 on tensor cores.</summary>
    F32FastTF32 = 77,
}

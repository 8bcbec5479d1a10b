namespace Sequoia.Interop;

/// <summary>How a matrix enters a product (cublasOperation_t).</summary>
public enum CublasTranspose
{
    /// <summary>As it is.</summary>
    None = 0,

    /// <summary>Transposed.</summary>
    Transposed = 1,

    /// <summary>Transposed and conjugated.</summary>
    Conjugated = 2,
}

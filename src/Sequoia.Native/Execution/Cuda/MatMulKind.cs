namespace Sequoia.Native.Execution.Cuda;

/// <summary>What becomes of a matrix product's sums; a kernel each (epilogue.cuh).</summary>
internal enum MatMulKind
{
    /// <summary>matmul: y = sum.</summary>
    Plain,

    /// <summary>matmul_add: y += sum.</summary>
    Add,

    /// <summary>matmul_silu_mul: y = silu(gate) up, of pairs.</summary>
    SiluMul,

    /// <summary>matmul_rope: rotated queries and keys, and values, of pairs.</summary>
    Rope,
}

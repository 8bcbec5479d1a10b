// Tensor-core products and the loads that bring their operands from shared memory. Compute capability 8.0 and up.
//
// In lane 4 g + t:   a[0] = A[g][2t, 2t+1]        a[1] = A[g+8][2t, 2t+1]     a[2], a[3]: the same 8 columns further
//                    b0 = B[2t, 2t+1][g]          b1 = B[2t+8, 2t+9][g]
//                    sum[0], sum[1] = D[g][2t, 2t+1]                          sum[2], sum[3] = D[g+8][2t, 2t+1]
#pragma once
#include "elements.cuh"

// D (16 x 8, fp32) += A (16 x 16) B (16 x 8).
template <typename T> __device__ void mma_m16n8k16(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1);

template <> __device__ inline void mma_m16n8k16<F16>(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <> __device__ inline void mma_m16n8k16<BF16>(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1)
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four 8 x 8 matrices of 16-bit elements. Lane 8 m + r gives the shared address of row r of matrix m (16 bytes); lane 4 g + t gets
// elements 2t and 2t+1 of row g of each.
__device__ inline void ldmatrix_x4(u32 (&r)[4], u32 shared_address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address)
                 : "memory");
}

// The same, of the transposed matrices: elements g of rows 2t and 2t+1.
__device__ inline void ldmatrix_x4_trans(u32 (&r)[4], u32 shared_address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address)
                 : "memory");
}

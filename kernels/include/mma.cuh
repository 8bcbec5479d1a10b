// Tensor cores: 16 x 8 x 16 products and how matrices of 16-bit elements come to them from shared memory. Compute capability 8.0.
// Lane l holds, of a 16 x 8 sum, row l / 4 (and 8 more), columns 2 (l % 4) and 2 (l % 4) + 1.
#pragma once
#include "elements.cuh"

// sum += a b, in fp32.
template <typename T> __device__ void mma_m16n8k16(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1);

template <> __device__ inline void mma_m16n8k16<F16>(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

template <> __device__ inline void mma_m16n8k16<BF16>(float (&sum)[4], const u32 (&a)[4], u32 b0, u32 b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four 8 x 8 matrices; lane 8 k + r gives the address of row r of matrix k, and gets columns 2 (lane % 4) and the next of row lane / 4.
__device__ inline void ldmatrix_x4(u32 (&r)[4], u32 shared_address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address) : "memory");
}

// The same of the transposed matrices.
__device__ inline void ldmatrix_x4_trans(u32 (&r)[4], u32 shared_address)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address) : "memory");
}

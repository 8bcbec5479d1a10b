// Products of a warpgroup, four warps together, of operands in shared memory. They run beside the computation. Compute capability 9.0 (sm_90a).
//
// Warp w of a group has rows 16 w .. 16 w + 15 of the 64, each laid out as a sum of mma.m16n8k16 for each 8 columns (mma.cuh).
#pragma once
#include "elements.cuh"

// An operand: rows of 128 bytes, k ascending, swizzled in groups of 8 rows (swizzle.cuh), which begin at multiples of 1,024 bytes and follow each
// other. Adding n to it is n times 16 bytes, or 8 elements of k.
__device__ inline u64 swizzled_operand(u32 shared_address)
{
    constexpr u64 GROUP_BYTES = 1024, SWIZZLE_128 = 1;
    return SWIZZLE_128 << 62 | GROUP_BYTES / 16 << 32 | shared_address / 16;
}

// What comes before uses sums before, what comes after uses them after this place: the compiler does not know what happens between.
template <i32 TILES> __device__ inline void keep(float (&sums)[TILES][4])
{
#pragma unroll
    for (i32 i = 0; i < TILES; i++)
        asm volatile("" : "+f"(sums[i][0]), "+f"(sums[i][1]), "+f"(sums[i][2]), "+f"(sums[i][3])::"memory");
}

// Between what a warp did with its sums and the products that use them.
template <i32 TILES> __device__ inline void wgmma_fence(float (&sums)[TILES][4])
{
    keep(sums);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

// The products issued since the last commit become a group.
__device__ inline void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Waits for all groups but the newest N.
template <i32 N> __device__ inline void wgmma_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory"); }

// Waits for all groups, after which the sums may be used.
template <i32 TILES> __device__ inline void wgmma_wait(float (&sums)[TILES][4])
{
    wgmma_wait<0>();
    keep(sums);
}

// sums (64 x 8 TILES, fp32) += A (64 x 16) B (16 x 8 TILES), or = without adds. Until the group is waited for, nobody may touch sums, A or B.
template <typename T, i32 TILES> __device__ void wgmma(float (&sums)[TILES][4], u64 a, u64 b, bool adds);

// The instruction names each register of its sums.
#define WGMMA_SUMS_4(i) "+f"(sums[i][0]), "+f"(sums[i][1]), "+f"(sums[i][2]), "+f"(sums[i][3])
#define WGMMA_SUMS_8(i) WGMMA_SUMS_4(i), WGMMA_SUMS_4(i + 1)
#define WGMMA_SUMS_16(i) WGMMA_SUMS_8(i), WGMMA_SUMS_8(i + 2)
#define WGMMA_SUMS_32(i) WGMMA_SUMS_16(i), WGMMA_SUMS_16(i + 4)
#define WGMMA_SUMS_64(i) WGMMA_SUMS_32(i), WGMMA_SUMS_32(i + 8)
#define WGMMA_NAMES_4 "%0, %1, %2, %3"
#define WGMMA_NAMES_8 WGMMA_NAMES_4 ", %4, %5, %6, %7"
#define WGMMA_NAMES_16 WGMMA_NAMES_8 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define WGMMA_NAMES_32 WGMMA_NAMES_16 ", %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define WGMMA_NAMES_64 WGMMA_NAMES_32 ", %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define WGMMA(T, TYPE, COLUMNS, COUNT, A, B, ADDS)                                                                                                     \
    template <> __device__ inline void wgmma<T, COLUMNS / 8>(float (&sums)[COLUMNS / 8][4], u64 a, u64 b, bool adds)                                     \
    {                                                                                                                                                    \
        asm volatile("{\n.reg .pred p;\nsetp.ne.u32 p, " ADDS ", 0;\nwgmma.mma_async.sync.aligned.m64n" #COLUMNS "k16.f32." TYPE "." TYPE                 \
                     " {" WGMMA_NAMES_##COUNT "}, " A ", " B ", p, 1, 1, 0, 0;\n}"                                                                       \
                     : WGMMA_SUMS_##COUNT(0)                                                                                                             \
                     : "l"(a), "l"(b), "r"((u32)adds)                                                                                                    \
                     : "memory");                                                                                                                        \
    }
#define WGMMA_OF_BOTH(...) WGMMA(F16, "f16", __VA_ARGS__) WGMMA(BF16, "bf16", __VA_ARGS__)
WGMMA_OF_BOTH(8, 4, "%4", "%5", "%6")
WGMMA_OF_BOTH(16, 8, "%8", "%9", "%10")
WGMMA_OF_BOTH(32, 16, "%16", "%17", "%18")
WGMMA_OF_BOTH(64, 32, "%32", "%33", "%34")
WGMMA_OF_BOTH(128, 64, "%64", "%65", "%66")
#undef WGMMA_OF_BOTH
#undef WGMMA

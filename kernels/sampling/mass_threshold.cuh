// The largest threshold whose kept mass (all tokens with p >= threshold, ties included) reaches a target: MassThreshold.cs. A radix walk
// over the bits of the probabilities in three passes: always three, so nothing can loop, and integer masses, so no order matters.
#pragma once
#include "quad.cuh"

constexpr i32 BINS = 2048;

// 64-bit sums as two halves: shared memory adds 32 bits at once, but 64 only by compare-and-swap, over and over where many threads meet in a bin.
struct Histogram
{
    u32 low[BINS];
    u32 high[BINS];

    __device__ u64 operator[](i32 bin) const { return ((u64)high[bin] << 32) | low[bin]; }

    // Exact whatever the order: each addition that wraps the low half carries once.
    __device__ void add(i32 bin, u64 mass)
    {
        u32 add_low = (u32)mass, before = atomicAdd(&low[bin], add_low);
        u32 add_high = (u32)(mass >> 32) + (before + add_low < before);
        if (add_high > 0)
            atomicAdd(&high[bin], add_high);
    }
};

// A walk down the bins from the highest: which bin the target is reached in (0 if in none), and the mass above it.
struct BinFound
{
    i32 bin;
    u64 above;
};

// Thread t looks at the t-th chunk of bins from the top; threads divide BINS. histogram[] is complete; `found` holds bin 0 and the mass `above`.
__device__ inline void find_bin(const Histogram& histogram, u64 above, u64 target, BinFound* found)
{
    __shared__ u64 of_warp[LANES];
    i32 bins = BINS / blockDim.x, top = BINS - 1 - (i32)threadIdx.x * bins, warp = threadIdx.x / LANES, lane = threadIdx.x % LANES;
    u64 mine = 0;
    for (i32 bin = top; bin > top - bins; bin--)
        mine += histogram[bin];
    u64 until = mine;
    for (i32 apart = 1; apart < LANES; apart *= 2)
    {
        u64 other = __shfl_up_sync(WARP, until, apart);
        until += lane >= apart ? other : 0;
    }
    if (lane == LANES - 1)
        of_warp[warp] = until;
    // of_warp[] is complete.
    __syncthreads();
    for (i32 before = 0; before < warp; before++)
        until += of_warp[before];
    u64 mass = above + until - mine;
    // At most one thread meets both: its chunk is where the target is reached.
    if (mass < target && mass + mine >= target)
    {
        i32 bin = top;
        while (mass + histogram[bin] < target)
            mass += histogram[bin--];
        *found = {bin, mass};
    }
}

// `value_of` makes a logit the value that is compared; by_count: each token has mass 1, else its value in units of 2^-52.
// The histogram is shared memory, free on entry and reusable after the next barrier.
template <typename Value>
__device__ float mass_threshold(
    const float* __restrict__ logits, i32 vocabulary, Value value_of, u64 target, bool by_count, Histogram& histogram)
{
    __shared__ BinFound found;
    u32 prefix = 0;
    u64 above = 0;
    for (i32 pass = 0; pass < 3; pass++)
    {
        i32 shift = pass == 0 ? 21 : pass == 1 ? 10 : 0, bits = pass == 2 ? 10 : 11;
        for (i32 bin = threadIdx.x; bin < BINS; bin += blockDim.x)
            histogram.low[bin] = histogram.high[bin] = 0;
        // histogram[] is empty, and everybody has read what the last pass found.
        __syncthreads();
        if (threadIdx.x == 0)
            found = {0, above};
        for (i32 quad = threadIdx.x; quad < quads_of(vocabulary); quad += blockDim.x)
        {
            Quad logit = load_quad(logits, 4 * quad, vocabulary);
            for (i32 part = 0; part < 4 && 4 * quad + part < vocabulary; part++)
            {
                float value = value_of(logit.of[part]);
                u32 key = __float_as_uint(value);
                // 64 bits: the first pass shifts everything out.
                if ((u64)key >> (shift + bits) == prefix)
                    histogram.add((key >> shift) & ((1u << bits) - 1), by_count ? 1 : __float2ull_rz(value * 4503599627370496.0f));
            }
        }
        // histogram[] is complete.
        __syncthreads();
        find_bin(histogram, above, target, &found);
        // The bin is found, and histogram[] free.
        __syncthreads();
        prefix = (prefix << bits) | (u32)found.bin;
        above = found.above;
    }
    return __uint_as_float(prefix);
}

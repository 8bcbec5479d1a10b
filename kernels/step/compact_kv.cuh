// The parameters of compact_kv.cu, which its twin has too; compact_kv.cu tells the layouts.
#pragma once
#include "outcome.cuh"

struct CompactKv
{
    uint4* cache;
    const PassPart* parts;
    Outcomes outcomes;
    i32 cache_of; // whose: 0 the target's, 1 the draft's
    i32 planes;
    i32 capacity;
    i32 chunks;

    // Rows of the path that the cache keeps.
    __device__ i32 rows_of(i32 part) const { return cache_of == 0 ? outcomes.of(part).length : outcomes.of(part).kept; }
};

// The rows of one forward pass: nodes of any number of sequences. A prompt's rows, and a token that the draft has not seen, are nodes before the
// root: -k is the committed token k before it.
#pragma once
#include "sequence.cuh"

// The neighbouring rows of one sequence.
struct __align__(16) PassPart
{
    Sequence* sequence;
    i32 first_row;
    i32 rows;
    i32 is_tree; // not 0 if any row is a node below the root, so that rows' keys are not all in the order of pages
};

struct PassRow
{
    i32 part;
    i32 node;
    i32 position;  // committed + depth; this and the next are set by embed, the first kernel of a pass
    i32 cache_row; // where the row's keys and values go
};

struct Pass
{
    const PassPart* parts;
    PassRow* rows; // [count]; nodes ascend in a part
    i32 count;
    i32 cache; // whose pages: 0 the target's, 1 the draft's
};

__device__ inline Sequence& sequence_of(const Pass& pass, i32 row) { return *pass.parts[pass.rows[row].part].sequence; }

// The whole row in one load.
__device__ inline PassRow load_row(const Pass& pass, i32 row)
{
    int4 all = *reinterpret_cast<const int4*>(pass.rows + row);
    return {all.x, all.y, all.z, all.w};
}

// The cache's row that holds position j of a node's path.
__device__ inline i32 row_of_path(const Sequence& sequence, i32 cache, i32 node, i32 j)
{
    i32 of_tree = j - sequence.committed;
    // Of nodes before the root all positions are committed.
    if (of_tree >= 0)
        j = sequence.committed + sequence.tree.paths[(u64)node * sequence.tree.levels + of_tree];
    return cache_row(pages_of(sequence, cache), j);
}

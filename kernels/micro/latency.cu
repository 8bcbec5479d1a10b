// Follows a chain of places: each load needs the one before. The time of a load is the kernel's time divided by steps; L1, L2 or memory
// answers, by the size of the chain.
//
// next: next[i] is the place to go from i (a cycle); last: 1 int, where the walk ended. Grid 1, block 1.
extern "C" __global__ void latency(const int* next, int* last, int steps)
{
    int at = 0;
    for (int step = 0; step < steps; step++)
        at = next[at];
    *last = at;
}

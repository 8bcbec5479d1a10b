// Nothing: what a launch costs, by itself and as a node of a graph.
extern "C" __global__ void empty()
{
}

namespace Sequoia.Native.Execution.Cuda;

/// <summary>What weights, keys and values are stored in on the device; the name is the kernels' own.</summary>
internal enum Element
{
    F16,
    BF16,
}

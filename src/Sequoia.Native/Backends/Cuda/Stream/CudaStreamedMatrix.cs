namespace Sequoia.Native.Backends.Cuda;

/// <summary>A matrix that is a chunk of a stream: on the device from the chunk's arrival to the end of its product, or as long as it is resident.</summary>
internal sealed class CudaStreamedMatrix(MatMulShape shape, int chunk) : Matrix(shape.Outputs, shape.Columns)
{
    public int Chunk { get; } = chunk;
}

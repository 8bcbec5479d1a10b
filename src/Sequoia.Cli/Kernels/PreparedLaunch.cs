using Sequoia.Interop;
using Sequoia.Native;

namespace Sequoia.Cli.Kernels;

/// <summary>A launch whose kernel is loaded and whose buffers are on the device.</summary>
internal sealed class PreparedLaunch : IDisposable
{
    private readonly LaunchSpec _spec;
    private readonly CudaModule _module;
    private readonly DeviceBuffer<byte>?[] _buffers;
    private readonly KernelArgument[] _arguments;

    public PreparedLaunch(CudaContext context, CompiledKernels compiled, LaunchSpec spec)
    {
        _spec = spec;
        _module = context.Load(compiled);
        _buffers = new DeviceBuffer<byte>?[spec.Arguments.Count];
        _arguments = new KernelArgument[spec.Arguments.Count];
        try
        {
            Kernel = _module[spec.Kernel];
            if (spec.SharedBytes > Kernel.MaxDynamicSharedBytes)
                Kernel.MaxDynamicSharedBytes = spec.SharedBytes;
            for (int i = 0; i < _buffers.Length; i++)
            {
                SpecArgument argument = spec.Arguments[i];
                _arguments[i] = argument.IsBuffer ? (_buffers[i] = Buffer(context, argument, i))! : Number(argument);
            }
        }
        catch (CudaException e)
        {
            Dispose();
            throw new InvalidInputException($"{spec.File}: {e.Message}", e);
        }
    }

    public CudaKernel Kernel { get; }

    /// <summary>Queues the kernel.</summary>
    public void Launch(CudaStream? stream = null)
    {
        try
        {
            Kernel.Launch(_spec.Grid, _spec.Block, _spec.SharedBytes, stream, _arguments);
        }
        catch (CudaException e) when (e.Code is CudaResult.InvalidValue or CudaResult.LaunchOutOfResources)
        {
            throw new InvalidInputException($"{_spec.File}: {e.Message}", e);
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"{_spec.File}: args: {e.Message}", e);
        }
    }

    /// <summary>The current contents of the buffers; null for numbers.</summary>
    public byte[]?[] Contents() => [.. _buffers.Select(buffer => buffer?.ToArray())];

    public void Dispose()
    {
        foreach (DeviceBuffer<byte>? buffer in _buffers)
            buffer?.Dispose();
        _module.Dispose();
    }

    private static DeviceBuffer<byte> Buffer(CudaContext context, SpecArgument argument, int seed)
    {
        DeviceBuffer<byte> buffer = context.Allocate<byte>((long)argument.Length * argument.Type.Bytes);
        if (argument.Fill is { } fill)
            buffer.CopyFrom(fill.Bytes(argument.Type, argument.Length, seed));
        // The software device poisons memory and tracks writes; on other devices only the poison shows them.
        else if (context.Driver.IsNative)
            buffer.FillBytesAsync(Unwritten.Poison);
        return buffer;
    }

    private static KernelArgument Number(SpecArgument argument)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        bytes.Clear();
        argument.Type.Write(argument.Scalar, bytes);
        return argument.Type.Bytes switch
        {
            1 => bytes[0],
            2 => KernelArgument.Of(BitConverter.ToUInt16(bytes)),
            4 => BitConverter.ToUInt32(bytes),
            _ => BitConverter.ToUInt64(bytes),
        };
    }
}

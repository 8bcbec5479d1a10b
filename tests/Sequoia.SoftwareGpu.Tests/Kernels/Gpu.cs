using System.Runtime.InteropServices;
using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>A device memory with one module, and short ways to move arrays and launch.</summary>
internal sealed class Gpu : IDisposable
{
    private readonly PtxModule _module;

    private Gpu(string ptx) => _module = PtxModule.Load(ptx, Memory);

    public DeviceMemory Memory { get; } = new() { Poison = 0xCD };

    public LaunchOptions Options { get; set; } = LaunchOptions.Default;

    public IReadOnlyDictionary<string, Kernel> Kernels => _module.Kernels;

    public PtxModule Module => _module;

    public static Gpu FromPtx(string ptx) => new(ptx);

    public static Gpu FromCuda(string source, string architecture = "compute_80", params string[] more) =>
        new(CudaCompiler.Load(cache: KernelCache.Default).Compile(source, new() { Architecture = architecture, Extra = ["-default-device", .. more] }).Ptx);

    public ulong Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        ulong address = Memory.Allocate((ulong)bytes.Length);
        Memory.Write(address, bytes);
        return address;
    }

    public ulong Upload<T>(T[] values)
        where T : unmanaged => Upload<T>(values.AsSpan());

    public ulong Allocate<T>(int count)
        where T : unmanaged => Memory.Allocate((ulong)(count * Marshal.SizeOf<T>()));

    public T[] Download<T>(ulong address, int count)
        where T : unmanaged
    {
        T[] values = new T[count];
        Memory.Read(address, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    public LaunchReport Launch(string kernel, uint grid, uint block, params object[] parameters) =>
        Launch(kernel, (grid, 1, 1), (block, 1, 1), 0, parameters);

    public LaunchReport Launch(
        string kernel, (uint X, uint Y, uint Z) grid, (uint X, uint Y, uint Z) block, int shared, params object[] parameters) =>
        Launcher.Run(Memory, _module.Kernels[kernel], grid, block, shared, Pack(_module.Kernels[kernel], parameters), Options);

    public static byte[] Pack(Kernel kernel, params object[] parameters)
    {
        byte[] bytes = new byte[kernel.ParameterBytes];
        for (int k = 0; k < parameters.Length; k++)
        {
            Span<byte> at = bytes.AsSpan(kernel.Parameters[k].Offset);
            switch (parameters[k])
            {
                case ulong value:
                    MemoryMarshal.Write(at, value);
                    break;
                case long value:
                    MemoryMarshal.Write(at, value);
                    break;
                case int value:
                    MemoryMarshal.Write(at, value);
                    break;
                case uint value:
                    MemoryMarshal.Write(at, value);
                    break;
                case float value:
                    MemoryMarshal.Write(at, value);
                    break;
                case double value:
                    MemoryMarshal.Write(at, value);
                    break;
                default:
                    throw new ArgumentException($"a parameter cannot be a {parameters[k].GetType().Name}");
            }
        }

        return bytes;
    }

    public void Dispose()
    {
        _module.Dispose();
        Memory.Dispose();
    }
}

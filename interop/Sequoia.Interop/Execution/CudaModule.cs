using System.Text;

namespace Sequoia.Interop;

/// <summary>Code loaded in a context. Thread-safe.</summary>
public sealed unsafe class CudaModule : ContextObject
{
    private const int LogBytes = 16 * 1024;

    // Maps names in the source to names in the image.
    private readonly IReadOnlyDictionary<string, string>? _names;

    private CudaModule(CudaContext context, nint module, string log, IReadOnlyDictionary<string, string>? names)
        : base(context, context, module, owned: true)
    {
        Log = log;
        _names = names;
    }

    /// <summary>The log of the driver's compiler from loading the module. It is often empty.</summary>
    public string Log { get; }

    /// <summary>Gets a kernel by its NVRTC name expression or by its name in the image.</summary>
    /// <exception cref="CudaException">There is no kernel with this name.</exception>
    public CudaKernel this[string name] => new(this, Function(name), name);

    /// <summary>Gets a __device__ or __constant__ variable as a buffer that the module owns.</summary>
    /// <exception cref="CudaException">There is no variable with this name.</exception>
    /// <exception cref="ArgumentException">The variable's size is not a multiple of the element size.</exception>
    public DeviceBuffer<T> Global<T>(string name) where T : unmanaged
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ulong address;
        nuint bytes;
        fixed (byte* text = ZeroTerminated(Lowered(name)))
        {
            using (Context.Enter())
            {
                CudaResult result = Api.cuModuleGetGlobal_v2(&address, &bytes, Handle, text);
                if (result != CudaResult.Success)
                    throw Driver.Failure(result, nameof(DriverTable.cuModuleGetGlobal_v2), Explain(result, name, "variable"));
            }
        }
        if (bytes % (nuint)sizeof(T) != 0)
            throw new ArgumentException($"{name} has {bytes} bytes, which is no multiple of {sizeof(T)} ({typeof(T).Name})");
        return DeviceBuffer<T>.Part(this, (nint)address, (long)bytes / sizeof(T));
    }

    internal static CudaModule Load(CudaContext context, CompiledKernels kernels, ModuleOptions? options)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        return Load(context, kernels.Image.Span, options, kernels.LoweredNames);
    }

    internal static CudaModule Load(
        CudaContext context, ReadOnlySpan<byte> image, ModuleOptions? options, IReadOnlyDictionary<string, string>? names = null)
    {
        if (image.IsEmpty)
            throw new ArgumentException("the image is empty", nameof(image));
        // PTX must be zero-terminated. Callers do not have to know this.
        byte[] terminated = new byte[image.Length + 1];
        image.CopyTo(terminated);
        byte[] notes = new byte[LogBytes], errors = new byte[LogBytes];
        nint module;
        fixed (byte* data = terminated, notesStart = notes, errorsStart = errors)
        {
            const int MostOptions = 6;
            JitOption* keys = stackalloc JitOption[MostOptions];
            void** values = stackalloc void*[MostOptions];
            int count = 0;
            Add(JitOption.InfoLog, notesStart);
            Add(JitOption.InfoLogBytes, (void*)LogBytes);
            Add(JitOption.ErrorLog, errorsStart);
            Add(JitOption.ErrorLogBytes, (void*)LogBytes);
            if (options?.MaxRegisters is { } registers)
                Add(JitOption.MaxRegisters, (void*)registers);
            if (options is { LineInfo: true })
                Add(JitOption.LineInfo, (void*)1);
            using (context.Enter())
            {
                CudaResult result = context.Api.cuModuleLoadDataEx(&module, data, (uint)count, keys, values);
                if (result != CudaResult.Success)
                {
                    string log = Text(errors);
                    throw context.Driver.Failure(result, nameof(DriverTable.cuModuleLoadDataEx), log.Length == 0 ? null : log);
                }
            }

            void Add(JitOption key, void* value)
            {
                keys[count] = key;
                values[count++] = value;
            }
        }
        return new CudaModule(context, module, Text(notes), names);
    }

    private protected override CudaResult Release(nint value) => Api.cuModuleUnload(value);

    private nint Function(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        nint function;
        fixed (byte* text = ZeroTerminated(Lowered(name)))
        {
            using (Context.Enter())
            {
                CudaResult result = Api.cuModuleGetFunction(&function, Handle, text);
                if (result != CudaResult.Success)
                    throw Driver.Failure(result, nameof(DriverTable.cuModuleGetFunction), Explain(result, name, "kernel"));
            }
        }
        return function;
    }

    private string Lowered(string name) => _names is not null && _names.TryGetValue(name, out string? lowered) ? lowered : name;

    private string? Explain(CudaResult result, string name, string kind)
    {
        if (result != CudaResult.NotFound)
            return null;
        string known = _names is { Count: > 0 } ? $" (compiled by name: {string.Join(", ", _names.Keys)})" : "";
        return $"the module has no {kind} {name}{known}; a C++ name is mangled unless it is extern \"C\" or was given as a name expression";
    }

    private static byte[] ZeroTerminated(string name) => [.. Encoding.UTF8.GetBytes(name), 0];

    private static string Text(byte[] log) => Encoding.UTF8.GetString(log.AsSpan(0, Math.Max(0, log.IndexOf((byte)0)))).Trim();
}

/// <summary>The options with which the driver compiles PTX when it loads a module. A CUBIN is already compiled.</summary>
public sealed record ModuleOptions
{
    /// <summary>The maximum number of registers per thread. If null, the driver chooses.</summary>
    public int? MaxRegisters { get; init; }

    /// <summary>Whether to keep source line information for profilers.</summary>
    public bool LineInfo { get; init; }
}

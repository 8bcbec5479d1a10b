namespace Sequoia.Interop;

/// <summary>The sizes of a kernel's parameters, which the arguments of a launch must match.</summary>
internal sealed unsafe class KernelParameters
{
    // Each argument uses stack space, so the count is limited. No kernel has this many parameters.
    private const int MostParameters = 4096;

    private readonly string _kernel;
    private readonly int[] _bytes;

    private KernelParameters(string kernel, int[] bytes)
    {
        _kernel = kernel;
        _bytes = bytes;
    }

    public IReadOnlyList<int> Bytes => _bytes;

    /// <summary>Queries the driver. Null if the driver does not report the sizes.</summary>
    public static KernelParameters? Of(CudaModule module, nint function, string kernel)
    {
        CudaContext context = module.Context;
        var bytes = new List<int>();
        using (context.Enter())
        {
            while (true)
            {
                nuint offset, size;
                CudaResult result = context.Api.cuFuncGetParamInfo(function, (nuint)bytes.Count, &offset, &size);
                if (result == CudaResult.InvalidValue)
                    return new(kernel, [.. bytes]);
                if (result is MissingEntryPoint.Code or CudaResult.NotSupported)
                    return null;
                context.Driver.Check(result, nameof(DriverTable.cuFuncGetParamInfo));
                bytes.Add((int)size);
            }
        }
    }

    public static void CheckCount(int arguments, string kernel)
    {
        if (arguments > MostParameters)
            throw new ArgumentException($"{kernel}: {arguments} arguments are more than any kernel can have");
    }

    public void Check(ReadOnlySpan<KernelArgument> arguments)
    {
        int[] bytes = _bytes;
        if (arguments.Length != bytes.Length)
            throw WrongCount(arguments.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            if (arguments[i].Bytes != bytes[i])
                throw WrongSize(i, arguments[i].Bytes);
        }
    }

    private ArgumentException WrongCount(int arguments) =>
        new($"{_kernel}: {arguments} arguments were given and the kernel has {_bytes.Length} parameters{(_bytes.Length == 0 ? "" : $" (of {string.Join(", ", _bytes)} bytes)")}");

    private ArgumentException WrongSize(int index, int bytes) =>
        new($"{_kernel}: argument {index + 1} has {bytes} bytes and the kernel's parameter {_bytes[index]}; convert it to the parameter's type");
}

namespace Sequoia.Interop;

/// <summary>
/// A driver call failed. The message is one line: the function, the name of the code, the driver's description, and what to do.
/// </summary>
public class CudaException : Exception
{
    internal CudaException(string function, CudaResult code, string codeName, string? meaning, string? detail)
        : base(Line(function, codeName, meaning, detail ?? ErrorAdvice.For(code)))
    {
        Function = function;
        Code = code;
        CodeName = codeName;
    }

    private protected CudaException(CudaException same) : base(same.Message)
    {
        Function = same.Function;
        Code = same.Code;
        CodeName = same.CodeName;
    }

    private CudaException(string function, string message) : base(message)
    {
        Function = function;
        Code = CudaResult.NotSupported;
        CodeName = "CUDA_ERROR_NOT_SUPPORTED";
    }

    /// <summary>The driver's function, as in <see cref="DriverTable"/>.</summary>
    public string Function { get; }

    /// <summary>The code that the driver returned. <see cref="CudaResult.NotSupported"/> if the driver has no such function.</summary>
    public CudaResult Code { get; }

    /// <summary>The code's name, such as CUDA_ERROR_OUT_OF_MEMORY.</summary>
    public string CodeName { get; }

    /// <summary>Whether the context is lost with all its memory. Every later call in it fails; only a new process or context helps.</summary>
    public bool IsSticky => Code is CudaResult.IllegalAddress or CudaResult.LaunchTimeout or CudaResult.Assert or CudaResult.HardwareStackError
        or CudaResult.IllegalInstruction or CudaResult.MisalignedAddress or CudaResult.InvalidAddressSpace or CudaResult.InvalidPc
        or CudaResult.LaunchFailed or CudaResult.EccUncorrectable;

    internal static CudaException Missing(string function, CudaDriver driver)
    {
        int version;
        string which;
        unsafe
        {
            which = driver.Api.cuDriverGetVersion(&version) == CudaResult.Success
                ? $"{driver.Name}, for CUDA {version / 1000}.{version % 1000 / 10},"
                : driver.Name;
        }
        return new(function, $"{function} is not in this driver: {which} does not have it; a newer driver may");
    }

    private static string Line(string function, string codeName, string? meaning, string? advice)
    {
        string line = $"{function} failed: {codeName}";
        if (meaning is not null)
            line += $" ({meaning})";
        return (advice is null ? line : $"{line}; {advice}").ReplaceLineEndings(" ");
    }
}

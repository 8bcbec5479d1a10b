namespace Sequoia.Interop;

/// <summary>A call of cuBLAS failed. The message is one line.</summary>
public sealed class CublasException : Exception
{
    internal CublasException(string function, CublasResult code, string codeName, string meaning)
        : base($"{function} failed: {codeName} ({meaning})")
    {
        Function = function;
        Code = code;
    }

    /// <summary>cuBLAS's function.</summary>
    public string Function { get; }

    /// <summary>What it returned.</summary>
    public CublasResult Code { get; }
}

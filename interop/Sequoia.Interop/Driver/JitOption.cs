namespace Sequoia.Interop;

/// <summary>A driver option for loading a module (CUjit_option).</summary>
public enum JitOption
{
    /// <summary>The maximum number of registers per thread (unsigned int).</summary>
    MaxRegisters = 0,

    /// <summary>The minimum number of threads per block to compile for (unsigned int).</summary>
    ThreadsPerBlock = 1,

    /// <summary>The buffer for the information log (char*).</summary>
    InfoLog = 3,

    /// <summary>The size of the information log buffer (unsigned int).</summary>
    InfoLogBytes = 4,

    /// <summary>The buffer for the error log (char*).</summary>
    ErrorLog = 5,

    /// <summary>The size of the error log buffer (unsigned int).</summary>
    ErrorLogBytes = 6,

    /// <summary>The optimization level, 0 to 4 (unsigned int).</summary>
    OptimizationLevel = 7,

    /// <summary>Whether to generate debug information (int).</summary>
    DebugInfo = 11,

    /// <summary>Whether to write ptxas's report to the information log (int).</summary>
    LogVerbose = 12,

    /// <summary>Whether to generate line information (int).</summary>
    LineInfo = 13,
}

namespace Sequoia.Interop;

/// <summary>Options of the driver when it loads a module (CUjit_option).</summary>
public enum JitOption
{
    /// <summary>The most registers a thread may use (unsigned int).</summary>
    MaxRegisters = 0,

    /// <summary>The least threads of a block to compile for (unsigned int).</summary>
    ThreadsPerBlock = 1,

    /// <summary>Where notes go (char*).</summary>
    InfoLog = 3,

    /// <summary>Size of that memory (unsigned int).</summary>
    InfoLogBytes = 4,

    /// <summary>Where errors go (char*).</summary>
    ErrorLog = 5,

    /// <summary>Size of that memory (unsigned int).</summary>
    ErrorLogBytes = 6,

    /// <summary>0 to 4 (unsigned int).</summary>
    OptimizationLevel = 7,

    /// <summary>Makes debug information (int).</summary>
    DebugInfo = 11,

    /// <summary>Writes ptxas's report into the log of notes (int).</summary>
    LogVerbose = 12,

    /// <summary>Makes line information (int).</summary>
    LineInfo = 13,
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>The NVRTC entry points that this library calls. All of them are in NVRTC 11.2 and later.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NvrtcTable
{
    // (int* major, int* minor)
    public delegate* unmanaged<int*, int*, NvrtcResult> nvrtcVersion;

    // (nvrtcResult result), returns const char*
    public delegate* unmanaged<NvrtcResult, byte*> nvrtcGetErrorString;

    // (int* count), (int* archs): 10 x major + minor each
    public delegate* unmanaged<int*, NvrtcResult> nvrtcGetNumSupportedArchs;
    public delegate* unmanaged<int*, NvrtcResult> nvrtcGetSupportedArchs;

    // (nvrtcProgram* program, const char* source, const char* name, int headers, const char** headerTexts, const char** headerNames)
    public delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, NvrtcResult> nvrtcCreateProgram;
    public delegate* unmanaged<nint*, NvrtcResult> nvrtcDestroyProgram;

    // (nvrtcProgram program, int count, const char** options)
    public delegate* unmanaged<nint, int, byte**, NvrtcResult> nvrtcCompileProgram;

    // (nvrtcProgram program, size_t* bytes), (nvrtcProgram program, char* data)
    public delegate* unmanaged<nint, nuint*, NvrtcResult> nvrtcGetProgramLogSize;
    public delegate* unmanaged<nint, byte*, NvrtcResult> nvrtcGetProgramLog;
    public delegate* unmanaged<nint, nuint*, NvrtcResult> nvrtcGetPTXSize;
    public delegate* unmanaged<nint, byte*, NvrtcResult> nvrtcGetPTX;
    public delegate* unmanaged<nint, nuint*, NvrtcResult> nvrtcGetCUBINSize;
    public delegate* unmanaged<nint, byte*, NvrtcResult> nvrtcGetCUBIN;

    // (nvrtcProgram program, const char* expression), (nvrtcProgram program, const char* expression, const char** name)
    public delegate* unmanaged<nint, byte*, NvrtcResult> nvrtcAddNameExpression;
    public delegate* unmanaged<nint, byte*, byte**, NvrtcResult> nvrtcGetLoweredName;

    /// <summary>The C names, in the order of the fields.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        nameof(nvrtcVersion), nameof(nvrtcGetErrorString), nameof(nvrtcGetNumSupportedArchs), nameof(nvrtcGetSupportedArchs),
        nameof(nvrtcCreateProgram), nameof(nvrtcDestroyProgram), nameof(nvrtcCompileProgram), nameof(nvrtcGetProgramLogSize),
        nameof(nvrtcGetProgramLog), nameof(nvrtcGetPTXSize), nameof(nvrtcGetPTX), nameof(nvrtcGetCUBINSize), nameof(nvrtcGetCUBIN),
        nameof(nvrtcAddNameExpression), nameof(nvrtcGetLoweredName),
    ];

    public static Span<nint> Entries(ref NvrtcTable table) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<NvrtcTable, nint>(ref table), sizeof(NvrtcTable) / sizeof(nint));
}

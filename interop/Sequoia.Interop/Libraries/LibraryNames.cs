namespace Sequoia.Interop;

/// <summary>One of NVIDIA's libraries and its file names on this system, newest first.</summary>
internal sealed record LibraryNames(string Title, params string[] Files)
{
    public static LibraryNames Driver { get; } = OperatingSystem.IsWindows()
        ? new("the CUDA driver", "nvcuda.dll")
        : new("the CUDA driver", "libcuda.so.1");

    public static LibraryNames Nvrtc { get; } = OperatingSystem.IsWindows()
        ? new("NVRTC", "nvrtc64_130_0.dll", "nvrtc64_120_0.dll", "nvrtc64_112_0.dll")
        : new("NVRTC", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2");

    /// <summary>NVRTC's built-in functions. NVRTC loads this file by name, and the loader chooses the path.</summary>
    public static LibraryNames NvrtcBuiltins(Version nvrtc) => OperatingSystem.IsWindows()
        ? new("the library of NVRTC's built-in functions", $"nvrtc-builtins64_{nvrtc.Major}{nvrtc.Minor}.dll")
        : new("the library of NVRTC's built-in functions", $"libnvrtc-builtins.so.{nvrtc.Major}.{nvrtc.Minor}");
}

using System.Diagnostics;

namespace Sequoia.Interop;

/// <summary>Finds the path of a library that was loaded by its bare name.</summary>
internal static class LoadedModules
{
    public static string PathOf(string file)
    {
        using var process = Process.GetCurrentProcess();
        foreach (ProcessModule module in process.Modules)
        {
            // The loader resolves links: libnvrtc.so.12 appears as libnvrtc.so.12.4.127.
            if (Path.GetFileName(module.FileName).StartsWith(file, StringComparison.OrdinalIgnoreCase))
                return module.FileName;
        }
        return file;
    }
}

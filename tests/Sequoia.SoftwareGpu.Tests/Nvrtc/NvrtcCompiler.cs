using System.Runtime.InteropServices;
using System.Text;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>CUDA C++ to PTX by NVIDIA's run-time compiler, as the tests need it.</summary>
internal static unsafe class NvrtcCompiler
{
    private static readonly Dictionary<(string Source, string Architecture), string> Cache = [];
    private static nint library;

    /// <summary>Where the library was looked for; empty when it was found.</summary>
    public static string Missing { get; private set; } = "";

    public static bool IsAvailable => Load() != 0;

    public static string Compile(string source, string architecture = "compute_80", params string[] more)
    {
        (string, string) key = (source, architecture + string.Join(' ', more));
        lock (Cache)
        {
            if (!Cache.TryGetValue(key, out string? ptx))
                Cache[key] = ptx = CompileAnew(source, [$"--gpu-architecture={architecture}", "-lineinfo", "-default-device", .. more]);
            return ptx;
        }
    }

    private static nint Load()
    {
        if (library != 0)
            return library;
        List<string> tried = [];
        foreach (string folder in Folders())
        {
            // NVRTC looks its companion up by name only; once loaded from here, that name is found.
            if (Directory.Exists(folder))
            {
                foreach (string companion in Directory.GetFiles(folder, "libnvrtc-builtins.so.*"))
                    NativeLibrary.TryLoad(companion, out _);
            }

            string path = Path.Combine(folder, "libnvrtc.so.12");
            if (NativeLibrary.TryLoad(path, out library))
                return library;
            tried.Add(path);
        }

        Missing = $"NVRTC was not found; tried {string.Join(", ", tried)}";
        return 0;
    }

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("SEQUOIA_CUDA_PATH") is { Length: > 0 } path)
        {
            yield return path;
            yield return Path.Combine(path, "lib64");
        }

        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sequoia.Native.sln")))
                yield return Path.Combine(folder.FullName, "out", "nvrtc");
        }
    }

    private static string CompileAnew(string source, string[] options)
    {
        nint handle = Load();
        var create = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)NativeLibrary.GetExport(handle, "nvrtcCreateProgram");
        var compile = (delegate* unmanaged<nint, int, byte**, int>)NativeLibrary.GetExport(handle, "nvrtcCompileProgram");
        var destroy = (delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(handle, "nvrtcDestroyProgram");
        nint program;
        nint text = Marshal.StringToCoTaskMemUTF8(source), name = Marshal.StringToCoTaskMemUTF8("kernel.cu");
        nint[] arguments = Array.ConvertAll(options, Marshal.StringToCoTaskMemUTF8);
        if (create(&program, (byte*)text, (byte*)name, 0, null, null) != 0)
            throw new InvalidOperationException("NVRTC makes no program.");
        int result;
        fixed (nint* first = arguments)
            result = compile(program, arguments.Length, (byte**)first);
        string log = Get(handle, program, "ProgramLog");
        if (result != 0)
            throw new InvalidOperationException(log);
        string ptx = Get(handle, program, "PTX");
        destroy(&program);
        foreach (nint pointer in (nint[])[text, name, .. arguments])
            Marshal.FreeCoTaskMem(pointer);
        return ptx;
    }

    private static string Get(nint handle, nint program, string what)
    {
        var getSize = (delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(handle, $"nvrtcGet{what}Size");
        var get = (delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(handle, $"nvrtcGet{what}");
        nuint size;
        getSize(program, &size);
        byte[] bytes = new byte[size];
        fixed (byte* first = bytes)
            get(program, first);
        return Encoding.UTF8.GetString(bytes).TrimEnd('\0');
    }
}

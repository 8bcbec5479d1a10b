using System.Runtime.InteropServices;
using System.Text;

namespace Sequoia.Interop;

/// <summary>A program in NVRTC, from its source to its image.</summary>
internal sealed unsafe class NvrtcProgram : IDisposable
{
    private readonly NvrtcLibrary _library;
    private nint _program;

    public NvrtcProgram(NvrtcLibrary library, string source, string fileName, IReadOnlyDictionary<string, string> headers)
    {
        _library = library;
        using var texts = new CStrings(headers.Values);
        using var names = new CStrings(headers.Keys);
        using var main = new CStrings([source, fileName]);
        nint program;
        Check(_library.Api.nvrtcCreateProgram(&program, main.Pointers[0], main.Pointers[1], headers.Count, texts.Pointers, names.Pointers), fileName);
        _program = program;
    }

    public void AddNameExpression(string expression)
    {
        using var text = new CStrings([expression]);
        Check(_library.Api.nvrtcAddNameExpression(_program, text.Pointers[0]), expression);
    }

    public NvrtcResult Compile(IReadOnlyCollection<string> arguments)
    {
        using var options = new CStrings(arguments);
        return _library.Api.nvrtcCompileProgram(_program, arguments.Count, options.Pointers);
    }

    public string Log() => Text(Bytes(_library.Api.nvrtcGetProgramLogSize, _library.Api.nvrtcGetProgramLog)).Trim();

    /// <summary>The CUBIN, or the PTX without its terminating zero.</summary>
    public byte[] Image(bool cubin)
    {
        if (cubin)
            return Bytes(_library.Api.nvrtcGetCUBINSize, _library.Api.nvrtcGetCUBIN);
        byte[] ptx = Bytes(_library.Api.nvrtcGetPTXSize, _library.Api.nvrtcGetPTX);
        return ptx is [.., 0] ? ptx[..^1] : ptx;
    }

    public string LoweredName(string expression)
    {
        using var text = new CStrings([expression]);
        byte* name;
        Check(_library.Api.nvrtcGetLoweredName(_program, text.Pointers[0], &name), expression);
        return Marshal.PtrToStringUTF8((nint)name)!;
    }

    public string Describe(NvrtcResult result) => Marshal.PtrToStringUTF8((nint)_library.Api.nvrtcGetErrorString(result)) ?? result.ToString();

    public void Dispose()
    {
        nint program = _program;
        if (program != 0)
            _ = _library.Api.nvrtcDestroyProgram(&program);
        _program = 0;
    }

    private static string Text(byte[] zeroTerminated) => Encoding.UTF8.GetString(zeroTerminated).TrimEnd('\0');

    private byte[] Bytes(delegate* unmanaged<nint, nuint*, NvrtcResult> size, delegate* unmanaged<nint, byte*, NvrtcResult> get)
    {
        nuint count;
        Check(size(_program, &count), "its result");
        byte[] bytes = new byte[count];
        fixed (byte* start = bytes)
        {
            if (count > 0)
                Check(get(_program, start), "its result");
        }
        return bytes;
    }

    private void Check(NvrtcResult result, string about)
    {
        if (result != NvrtcResult.Success)
            throw new CompileException(about, Describe(result), "");
    }
}

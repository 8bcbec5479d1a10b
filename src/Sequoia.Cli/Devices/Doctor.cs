using System.Diagnostics;
using System.Globalization;
using Sequoia.Interop;

namespace Sequoia.Cli.Devices;

/// <summary>Checks everything that CUDA kernels need on this machine. A failure is a finding and never an exception.</summary>
internal static class Doctor
{
    public const string Nvrtc = "nvrtc", Builtins = "nvrtc-builtins", Driver = "driver", EntryPoints = "entry-points";

    private const string EmptySource = "extern \"C\" __global__ void empty() {}";

    // Used without NVRTC: PTX old enough for every driver in use.
    private static ReadOnlySpan<byte> EmptyPtx => ".version 6.0\n.target sm_50\n.address_size 64\n.visible .entry empty() { ret; }\n"u8;

    public static IReadOnlyList<Check> Examine()
    {
        var drivers = Drivers.Find();
        CudaCompiler? compiler = CudaCompiler.TryLoad(null, null, out LibraryReport nvrtc);
        List<Check> checks =
        [
            Library(Driver, drivers.NvidiaSearch, () => $"CUDA {drivers.NvidiaDriver!.Version} ({drivers.NvidiaSearch.Path})"),
            .. drivers.NvidiaDriver is { } driver ? (Check[])[EntryPointUse.Of(driver)] : [],
            Library(Nvrtc, nvrtc, () => Compiling(compiler!)),
        ];
        if (compiler is not null)
            checks.Add(Library(Builtins, compiler.Builtins, () => compiler.Builtins.Path!));
        foreach ((string kind, string problem) in drivers.Problems)
            checks.Add(new(kind, false, problem, []));
        foreach (NamedDevice device in drivers.Devices)
            checks.Add(Check.Of(device.Name, [], () => Launching(device.Device, compiler)));
        return checks;
    }

    private static Check Library(string name, LibraryReport report, Func<string> look) => report.IsFound
        ? Check.Of(name, report.Attempts, look)
        : new(name, false, $"{report.Title} was not found", report.Attempts);

    private static string Compiling(CudaCompiler compiler)
    {
        long start = Stopwatch.GetTimestamp();
        compiler.Compile(EmptySource, new() { FileName = "empty.cu" });
        string knows = $"for compute capabilities {compiler.Architectures[0]} to {compiler.Architectures[^1]}";
        return string.Create(
            CultureInfo.InvariantCulture, $"{compiler.Version} ({compiler.Library.Path}), {knows}; compiled an empty kernel in {Milliseconds(start):F1} ms");
    }

    private static string Launching(CudaDevice device, CudaCompiler? compiler)
    {
        using var context = CudaContext.Primary(device);
        using CudaModule module = compiler is null
            ? context.Load(EmptyPtx)
            : context.Compile(compiler, EmptySource, new() { FileName = "empty.cu" });
        CudaKernel empty = module["empty"];
        long start = Stopwatch.GetTimestamp();
        empty.Launch(1, 1);
        context.Synchronize();
        return string.Create(CultureInfo.InvariantCulture, $"{device}; launched an empty kernel, which took {Milliseconds(start):F2} ms{(compiler is null ? "" : $"; {Image(device, compiler.ArchitectureFor(device))}")}");
    }

    private static string Image(CudaDevice device, string architecture) =>
        architecture.StartsWith("sm_", StringComparison.Ordinal) ? $"kernels come as a CUBIN for {architecture}"
        : architecture.EndsWith($"_{device.ComputeCapability.Major}{device.ComputeCapability.Minor}", StringComparison.Ordinal) ? $"kernels come as PTX ({architecture})"
        : $"kernels come as PTX of {architecture}, the newest that this NVRTC knows, and the driver compiles them again for each model that is loaded: a newer NVRTC would save that";

    private static double Milliseconds(long start) => Stopwatch.GetElapsedTime(start).TotalMilliseconds;
}

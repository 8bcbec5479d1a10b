using Sequoia.Interop;
using Sequoia.Native;

namespace Sequoia.Cli.Devices;

/// <summary>
/// The drivers of this machine and their devices: NVIDIA's, and those registered with <see cref="CudaDrivers"/> when the command starts. Nothing here
/// throws: a failure is a problem, reported in one line.
/// </summary>
internal sealed class Drivers
{
    public const string Nvidia = "cuda";

    private readonly List<NamedDevice> _devices = [];
    private readonly Dictionary<string, string> _problems = [];

    private Drivers()
    {
        NvidiaDriver = CudaDriver.TryLoad(null, out LibraryReport search);
        NvidiaSearch = search;
        if (NvidiaDriver is null)
            _problems.Add(Nvidia, $"{search.Title} was not found: {search.Attempts.Count} paths tried");
        else
            Add(Nvidia, NvidiaDriver);
        foreach (CudaDriver driver in CudaDrivers.Registered)
            Add(driver.Name, driver);
    }

    /// <summary>The outcome of the search for NVIDIA's driver.</summary>
    public LibraryReport NvidiaSearch { get; }

    public CudaDriver? NvidiaDriver { get; }

    public IReadOnlyList<NamedDevice> Devices => _devices;

    /// <summary>Kinds of devices, and why a kind has none.</summary>
    public IReadOnlyDictionary<string, string> Problems => _problems;

    public static Drivers Find() => new();

    /// <summary>The device that a user requests.</summary>
    /// <param name="name">auto (the first GPU, otherwise the software one), cuda, cuda:N or software.</param>
    public NamedDevice Choose(string name)
    {
        if (name == "auto")
        {
            return _devices.FirstOrDefault()
                ?? throw new InvalidInputException($"--device auto: there is no device: {string.Join("; ", _problems.Select(problem => $"{problem.Key}: {problem.Value}"))}");
        }
        string kind = name.Split(':')[0];
        return _devices.Find(device => device.Name == name || (kind == name && device.Name.StartsWith(kind + ":", StringComparison.Ordinal)))
            ?? throw new InvalidInputException(_problems.TryGetValue(kind, out string? problem)
                ? $"--device {name}: {problem}"
                : $"--device {name}: there is no such device; sequoia devices lists them");
    }

    private void Add(string kind, CudaDriver driver)
    {
        try
        {
            IReadOnlyList<CudaDevice> devices = driver.Devices;
            _devices.AddRange(devices.Select(device => new NamedDevice($"{kind}:{device.Ordinal}", device)));
            if (devices.Count == 0)
                _problems.Add(kind, $"{driver.Name} sees no device; nvidia-smi and CUDA_VISIBLE_DEVICES show more");
        }
        catch (CudaException e)
        {
            _problems.Add(kind, e.Message);
        }
    }
}

/// <summary>A device and its name in the command, such as cuda:0 or software:0.</summary>
internal sealed record NamedDevice(string Name, CudaDevice Device);

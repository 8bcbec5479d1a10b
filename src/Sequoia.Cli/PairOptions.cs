using System.CommandLine;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The options that name the models, shared by all commands that run models.</summary>
internal sealed class PairOptions
{
    public Option<string?> Target { get; } = CheckedOption.Path("--target", "The model's Hugging Face folder, or its folder in Hugging Face's cache. Default: the bundled pair.", "DIR");

    public Option<string?> Draft { get; } = CheckedOption.Path("--draft", "The folder of the small model that grows the trees.", "DIR");

    public Option<int?> Threads { get; } = CheckedOption.Number("--threads", "Threads that compute. Default: one for each processor.", 1, 256);

    public Option<string?> Device { get; } = CheckedOption.Text("--device", "auto, cpu, cuda, cuda:N or software. Default: auto, the CPU.", "DEVICE");

    public Option<long?> Memory { get; } = CheckedOption.Size(
        "--memory", "What the process may hold, as in 8GB; weights that do not fit are read from disk in every pass. Default: most of what is free.");

    public Option<long?> GpuMemory { get; } = CheckedOption.Size(
        "--gpu-memory", "What the GPU may hold, as in 8GB; weights that do not fit are copied from memory in every pass. Default: most of what is free there.");

    public Option<string?> Stream { get; } = CheckedOption.Text("--stream", "Which of the target's weights are brought anew for every pass, from disk, or from memory to a GPU: auto, those that do not fit; never; all. Default: auto.", "MODE");

    /// <summary>The folders: the bundled pair, or the named ones; a target may be given without a draft.</summary>
    public (string Target, string? Draft) Folders(ParseResult parsed)
    {
        string? target = parsed.GetValue(Target);
        string? draft = parsed.GetValue(Draft);
        if (target is not null)
            return (target, draft);
        if (draft is not null)
            throw new InvalidInputException($"--draft {draft}: needs --target DIR too; the bundled pair has its own draft");
        string models = BundledModels.Find();
        return (Path.Combine(models, "target"), Path.Combine(models, "draft"));
    }

    /// <summary>The folders for a command that needs both.</summary>
    public (string Target, string Draft) BothFolders(ParseResult parsed)
    {
        (string target, string? draft) = Folders(parsed);
        return (target, draft ?? throw new InvalidInputException("--draft: is missing; name the small model's folder"));
    }

    public LoadOptions Loading(ParseResult parsed)
    {
        var usual = new LoadOptions();
        string device = parsed.GetValue(Device) ?? usual.Device;
        bool isCpu = device is "auto" or "cpu";
        if (!isCpu && parsed.GetResult(Memory) is not null)
            throw new InvalidInputException($"{Memory.Name}: concerns weights on the CPU, and not {device}");
        if (isCpu && parsed.GetResult(GpuMemory) is not null)
            throw new InvalidInputException($"{GpuMemory.Name}: concerns weights on a GPU, and not {device}");
        foreach (Option<long?> limit in (Option<long?>[])[Memory, GpuMemory])
        {
            if (parsed.GetValue(Stream) == "never" && parsed.GetValue(limit) is not null)
                throw new InvalidInputException($"{limit.Name}: limits what is streamed; leave --stream never out");
        }
        return usual with
        {
            Threads = parsed.GetValue(Threads) ?? usual.Threads,
            Device = device,
            Memory = parsed.GetValue(Memory),
            DeviceMemory = parsed.GetValue(GpuMemory),
            Stream = parsed.GetValue(Stream) switch
            {
                null or "auto" => StreamMode.Auto,
                "never" => StreamMode.Never,
                "all" => StreamMode.All,
                { } other => throw new InvalidInputException($"--stream {other}: is not auto, never or all"),
            },
        };
    }
}

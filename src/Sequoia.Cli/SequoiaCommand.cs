using System.CommandLine;
using System.CommandLine.Invocation;
using Sequoia.Cli.Bench;
using Sequoia.Cli.Compare;
using Sequoia.Cli.Devices;
using Sequoia.Cli.Kernels;
using Sequoia.Cli.Offload;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>The root command: its subcommands, and the mapping of errors to exit statuses.</summary>
internal static class SequoiaCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        var streams = new Streams();
        var verbose = new Option<bool>("--verbose") { Description = "Show stack traces of errors.", Recursive = true };
        RootCommand root = Build(streams, verbose);
        // Prompts are text: a prompt that begins with @ is not a response file.
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (CheckedOption.Mistyped(parsed) is { } mistyped)
            return Complain(streams, mistyped, ExitStatus.BadInput);
        if (parsed.Errors.Count > 0)
            return Complain(streams, parsed.Errors[0].Message, ExitStatus.BadInput);

        if (!StandardDescriptors.IsOpen(StandardDescriptors.Output))
            return Complain(streams, "standard output: is closed; to run without it, redirect it to /dev/null", ExitStatus.BadInput);

        using var interruption = new Interruption(isHeeded: parsed.Action is AsynchronousCommandLineAction);
        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = streams.Out,
                Error = streams.Notes,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            int status = await parsed.InvokeAsync(configuration, interruption.Token);
            return status == ExitStatus.Cancelled ? Cancelled(interruption) : status;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return Cancelled(interruption);
        }
        catch (Exception e)
        {
            if (parsed.GetValue(verbose))
                await streams.Notes.WriteLineAsync(e.ToString());
            return e is InvalidInputException
                ? Complain(streams, e.Message, ExitStatus.BadInput)
                : Complain(streams, $"{e.Message} ({e.GetType().Name}; --verbose shows where)", ExitStatus.Failure);
        }
    }

    private static RootCommand Build(Streams streams, Option<bool> verbose)
    {
        var root = new RootCommand(
            "Runs Llama models, sped up by tree speculation without changing what they say. Without arguments: a story from the bundled models.")
        {
            verbose,
            GenerateCommand.Create(streams),
            TokenizeCommand.Create(streams),
            TreeCommand.Create(streams),
            MeasureCommand.Create(streams),
            CompareCommand.Create(streams),
            PlanCommand.Create(streams),
            ModelBenchCommand.Create(streams),
            DemoModelsCommand.Create(streams),
            KernelsCommand.Create(streams),
            DevicesCommand.Create(streams),
            DoctorCommand.Create(streams),
        };
        root.Directives.Clear();
        root.SetAction((_, cancellation) => Story.RunAsync(streams, cancellation));
        return root;
    }

    private static int Cancelled(Interruption interruption) => interruption.IsOutputClosed ? ExitStatus.OutputClosed : ExitStatus.Cancelled;

    private static int Complain(Streams streams, string message, int status)
    {
        streams.Notes.WriteLine($"sequoia: {message.ReplaceLineEndings(" ")}");
        return status;
    }
}

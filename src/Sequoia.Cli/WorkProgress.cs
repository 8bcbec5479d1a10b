using Spectre.Console;

namespace Sequoia.Cli;

/// <summary>A progress bar with the time left, written to the notes if they go to a terminal; otherwise nothing.</summary>
internal static class WorkProgress
{
    /// <param name="streams">Its notes get the bar.</param>
    /// <param name="what">A description of the work.</param>
    /// <param name="amount">The total amount of work.</param>
    /// <param name="work">Does the work, and reports the amount done so far; reports may come from any thread.</param>
    /// <param name="isBytes">Whether the amount is a number of bytes, which is then shown.</param>
    public static Task<T> RunAsync<T>(Streams streams, string what, double amount, Func<Action<double>, Task<T>> work, bool isBytes = false)
    {
        if (Console.IsErrorRedirected)
            return work(_ => { });
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(streams.Notes),
            Interactive = InteractionSupport.Yes,
        });
        ProgressColumn[] bytes = isBytes ? [new DownloadedColumn { Base = FileSizeBase.Decimal }, new TransferSpeedColumn { Base = FileSizeBase.Decimal }] : [];
        return console.Progress()
            .Columns([new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), .. bytes, new RemainingTimeColumn()])
            .StartAsync(context =>
            {
                ProgressTask bar = context.AddTask(Markup.Escape(what), maxValue: amount);
                return work(done => bar.Value = done);
            });
    }
}

/// <summary>Reports at once on the calling thread, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Counter<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}

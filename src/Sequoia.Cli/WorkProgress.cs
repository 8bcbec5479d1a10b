using Spectre.Console;

namespace Sequoia.Cli;

/// <summary>A bar with the time left, on the notes where they go to a terminal; nothing in a pipe.</summary>
internal static class WorkProgress
{
    /// <param name="streams">Its notes get the bar.</param>
    /// <param name="what">What is being done.</param>
    /// <param name="amount">The amount of work in all.</param>
    /// <param name="work">Does it, and reports the amount done so far; reports may come from any thread.</param>
    public static Task<T> RunAsync<T>(Streams streams, string what, double amount, Func<Action<double>, Task<T>> work)
    {
        if (Console.IsErrorRedirected)
            return work(_ => { });
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(streams.Notes),
            Interactive = InteractionSupport.Yes,
        });
        return console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
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

using Microsoft.Extensions.Logging;
using Messages = Sequoia.Native.Diagnostics.Log;

namespace Sequoia.Cli;

/// <summary>Shows the library's log as notes: warnings, and messages on what the user waits for or may want to change.</summary>
internal sealed class NoteLogger(Streams streams) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // Each command's own report has what was loaded and chosen.
        if (logLevel == LogLevel.Information && eventId.Id is not (Messages.UnknownAcceptance or Messages.Measured))
            return;
        string advice = eventId.Id switch
        {
            Messages.UnknownAcceptance => "; `sequoia measure acceptance` finds it, --tree chooses otherwise",
            Messages.Measured => "; `sequoia measure hardware` does it again",
            _ => "",
        };
        streams.Notes.WriteLine($"sequoia: {formatter(state, exception)}{advice}");
    }
}

using System.Runtime.InteropServices;

namespace Sequoia.Cli;

/// <summary>
/// Turns the first Ctrl-C (or a request to terminate) into cancellation, so that what was generated is still reported.
/// The second one ends the process the usual way; so does the first where nothing has come of it within seconds (a long search, an
/// input that is waited for).
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interruption() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
    ];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = !_source.IsCancellationRequested;
        if (_source.IsCancellationRequested)
            return;
        _source.Cancel();
        new Thread(() =>
        {
            Thread.Sleep(Grace);
            Environment.Exit(ExitStatus.Cancelled);
        })
        { IsBackground = true }.Start();
    }
}

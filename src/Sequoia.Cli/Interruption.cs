using System.Runtime.InteropServices;

namespace Sequoia.Cli;

/// <summary>
/// Converts the first Ctrl-C (or a request to terminate), or a closed output pipe, to cancellation, so that the text generated so far is
/// still reported. A second signal ends the process the usual way; so does the first one if the command does not observe the token, or waits for
/// its input.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly bool _isHeeded;
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private volatile bool _isOutputClosed;

    /// <param name="isHeeded">Whether the command observes <see cref="Token"/>.</param>
    public Interruption(bool isHeeded)
    {
        _isHeeded = isHeeded;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];
        new Thread(WatchOutput) { IsBackground = true, Name = "output watch" }.Start();
    }

    public CancellationToken Token => _source.Token;

    /// <summary>Whether <see cref="Token"/> was cancelled because the output's reader is gone.</summary>
    public bool IsOutputClosed => _isOutputClosed;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private bool CanCancel => _isHeeded && InputWait.TryCancel();

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = CanCancel && !_source.IsCancellationRequested;
        if (context.Cancel)
            _source.Cancel();
    }

    private void WatchOutput()
    {
        if (!OutputReader.WaitUntilGone() || _source.IsCancellationRequested)
            return;
        if (!CanCancel)
            Environment.Exit(ExitStatus.OutputClosed);
        _isOutputClosed = true;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command has just ended.
        }
    }
}

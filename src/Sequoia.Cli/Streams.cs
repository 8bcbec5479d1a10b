using System.Text;
using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>
/// Results go to <see cref="Out"/>, notes to <see cref="Notes"/>. Always UTF-8, whatever the locale, since model
/// output is; flushed at every write, so that text appears as it is accepted.
/// </summary>
internal sealed class Streams
{
    public TextWriter Out { get; } = Writer(new ResultStream(Console.OpenStandardOutput()));

    public TextWriter Notes { get; } = Writer(
        StandardDescriptors.IsOpen(StandardDescriptors.Error) ? new NoteStream(Console.OpenStandardError()) : Stream.Null);

    private static StreamWriter Writer(Stream stream) => new(stream, new UTF8Encoding(false)) { AutoFlush = true };

    /// <summary>A result that cannot be written is an error. The console ignores writes to a closed pipe: <see cref="Interruption"/> handles that.</summary>
    private sealed class ResultStream(Stream console) : ConsoleStream(console)
    {
        protected override void OnError(Exception e) =>
            throw new InvalidInputException($"standard output: cannot be written ({e.Message.ReplaceLineEndings(" ")})", e);
    }

    /// <summary>A note that cannot be written is lost and does not affect the run.</summary>
    private sealed class NoteStream(Stream console) : ConsoleStream(console)
    {
        protected override void OnError(Exception e)
        {
        }
    }

    private abstract class ConsoleStream(Stream console) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            try
            {
                console.Write(buffer, offset, count);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                OnError(e);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected abstract void OnError(Exception e);
    }
}

/// <summary>The exit status of the command.</summary>
internal static class ExitStatus
{
    public const int Done = 0;
    public const int Failure = 1;
    public const int BadInput = 2;
    public const int Cancelled = 130;

    /// <summary>The exit status that shells report for a program ended by a closed pipe.</summary>
    public const int OutputClosed = 141;
}

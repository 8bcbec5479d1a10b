using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Sequoia.Native.Backends.Streaming;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;

namespace Sequoia.Native.Backends.Cpu;

/// <summary>Reads chunks from the files of a model. Thread-safe.</summary>
internal sealed unsafe class StreamFiles : IDisposable
{
    private readonly WeightChunks _chunks;
    private readonly Dictionary<string, DirectFile> _files = new(StringComparer.Ordinal);
    private readonly DirectFile[] _fileOf = [];
    private readonly DirectFile[] _all = [];
    private readonly Action<long>? _beforeRead;
    private readonly RateLimit? _limit;

    /// <param name="chunks">The chunks.</param>
    /// <param name="options">Which reads are limited, or watched.</param>
    /// <exception cref="ModelFileException">A file cannot be opened.</exception>
    public StreamFiles(WeightChunks chunks, StreamOptions options)
    {
        (_chunks, _beforeRead) = (chunks, options.BeforeRead);
        _limit = options.BytesPerSecond is { } rate ? new RateLimit(rate) : null;
        try
        {
            _fileOf = [.. chunks.All.Select(chunk => Open(chunk.Tensor.Place!.File))];
        }
        catch
        {
            Dispose();
            throw;
        }
        _all = [.. _files.Values];
    }

    /// <summary>Whether reads go past the page cache in all files.</summary>
    public bool AreDirect => _all.All(file => file.IsDirect);

    /// <summary>Reads a chunk.</summary>
    /// <param name="chunk">Its number.</param>
    /// <param name="into">Its first block goes here: <see cref="WeightChunk.ReadBytes"/> at a multiple of a block.</param>
    /// <exception cref="ModelFileException">It cannot be read.</exception>
    public void Read(int chunk, byte* into)
    {
        WeightChunk what = _chunks.All[chunk];
        DirectFile file = _fileOf[chunk];
        try
        {
            _beforeRead?.Invoke(what.ReadBytes);
            TimeSpan? end = _limit?.Begin(what.ReadBytes);
            if (file.Read(what.ReadOffset, into, what.ReadBytes) < what.Skew + what.Bytes)
                throw Unreadable($"the file has {file.LengthNow} bytes", null);
            if (end is not null)
                RateLimit.Wait(end.Value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(e.Message, e);
        }

        ModelFileException Unreadable(string why, Exception? inner)
        {
            string problem = $"tensor '{what.Tensor.Name}': {what.Bytes} bytes from {what.ReadOffset + what.Skew} could not be read ({why})";
            return inner is null ? new(file.Path, problem) : new(file.Path, problem, inner);
        }
    }

    /// <summary>Checks that no file has been written to since it was opened. Allocates nothing.</summary>
    /// <exception cref="ModelFileException">One has.</exception>
    public void RequireUnchanged()
    {
        foreach (DirectFile file in _all)
            file.RequireUnchanged();
    }

    /// <summary>Reads chunks for a while, to measure the rate of reading.</summary>
    /// <param name="readers">The number of threads that read.</param>
    /// <param name="time">How long to read; one chunk a thread is read in any case.</param>
    /// <returns>Bytes per second.</returns>
    /// <exception cref="ModelFileException">A chunk cannot be read.</exception>
    public double Measure(int readers, TimeSpan time)
    {
        long bytes = 0;
        int next = -1;
        Exception? failure = null;
        long largest = _chunks.All.Max(chunk => chunk.ReadBytes), start = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, readers).Select(_ => new Thread(Read))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
        return bytes / Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Read()
        {
            try
            {
                using var buffer = new PageBuffer(largest);
                do
                {
                    int chunk = Interlocked.Increment(ref next) % _chunks.All.Count;
                    this.Read(chunk, buffer.Pointer);
                    Interlocked.Add(ref bytes, _chunks.All[chunk].ReadBytes);
                }
                while (Stopwatch.GetElapsedTime(start) < time);
            }
            catch (Exception e)
            {
                failure = e;
            }
        }
    }

    public void Dispose()
    {
        foreach (DirectFile file in _files.Values)
            file.Dispose();
    }

    private DirectFile Open(string path)
    {
        if (!_files.TryGetValue(path, out DirectFile? file))
            _files.Add(path, file = new DirectFile(path));
        return file;
    }
}

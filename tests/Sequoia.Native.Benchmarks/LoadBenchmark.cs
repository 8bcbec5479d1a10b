using System.Diagnostics;
using System.Globalization;
using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Models;
using Sequoia.Native.Numerics;
using Sequoia.SoftwareGpu;

namespace Sequoia.Native.Benchmarks;

/// <summary>What it takes to bring a folder's weights to a device, beside a plain copy of the same bytes out of the mapped files.</summary>
internal static class LoadBenchmark
{
    public static void Run(string folder, string device, int repeats)
    {
        SoftwareDriver.Options = new LaunchOptions { Threads = Environment.ProcessorCount };
        CudaDrivers.Register(SoftwareDriver.Driver);
        var options = new LoadOptions { Device = device };
        long elements, bytes;
        // Once before, so that the files are in the page cache and kernels are compiled.
        using (LanguageModel model = LanguageModel.Load(folder, options))
        using (var files = new ModelFiles(folder))
            (elements, bytes) = (model.ParameterCount, files.Tensors.Values.Sum(tensor => tensor.Bytes));
        Print($"loading to {device}", Median(repeats, () => LanguageModel.Load(folder, options).Dispose()), elements, bytes);
        if (device != "cpu")
        {
            foreach (Element element in Enum.GetValues<Element>())
                Print($"the host's part, to {element}", Median(repeats, () => Narrow(folder, element)), elements, bytes);
            using var context = CudaContext.Primary(CudaDrivers.Find(device)!.Devices[0]);
            Print("the device's part", Median(repeats, () => CopyToDevice(context, folder)), elements, bytes);
        }
        Print("plain copies of its tensors", Median(repeats, () => Copy(folder)), elements, bytes);
    }

    /// <summary>All elements into memory that is used again and again, as pinned memory is; on one thread.</summary>
    private static void Narrow(string folder, Element element)
    {
        using var files = new ModelFiles(folder);
        ushort[] piece = new ushort[1 << 20];
        foreach (TensorView tensor in files.Tensors.Values)
        {
            long count = (long)tensor.Rows * tensor.Columns;
            for (long at = 0; at < count; at += piece.Length)
                Elements.Narrow(tensor, at, piece.AsSpan(0, (int)Math.Min(piece.Length, count - at)), element);
        }
    }

    /// <summary>As many bytes into fresh memory of the device, from a little that is in the host's caches.</summary>
    private static void CopyToDevice(CudaContext context, string folder)
    {
        using var files = new ModelFiles(folder);
        var buffers = new List<DeviceBuffer<byte>>();
        byte[] piece = new byte[1 << 20];
        foreach (TensorView tensor in files.Tensors.Values)
        {
            buffers.Add(context.Allocate<byte>(tensor.Bytes));
            for (long at = 0; at < buffers[^1].Length; at += piece.Length)
                buffers[^1].CopyFrom(piece.AsSpan(0, (int)Math.Min(piece.Length, buffers[^1].Length - at)), at);
        }
        buffers.ForEach(buffer => buffer.Dispose());
    }

    private static unsafe void Copy(string folder)
    {
        using var files = new ModelFiles(folder);
        foreach (TensorView tensor in files.Tensors.Values)
        {
            using var copy = new AlignedBuffer<byte>(tensor.Bytes);
            Buffer.MemoryCopy(tensor.Data, copy.Pointer, tensor.Bytes, tensor.Bytes);
        }
    }

    // Elapsed and processor time, of all threads: they differ on a machine that is shared.
    private static (double Elapsed, double Processor) Median(int repeats, Action run)
    {
        double[] elapsed = new double[repeats], processor = new double[repeats];
        for (int i = 0; i < repeats; i++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            run();
            elapsed[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
            processor[i] = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        }
        return (elapsed.Order().ElementAt(repeats / 2), processor.Order().ElementAt(repeats / 2));
    }

    private static void Print(string what, (double Elapsed, double Processor) seconds, long elements, long bytes) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what,-28} {seconds.Elapsed,7:F3} s  {1e9 * seconds.Elapsed / elements,6:F2} ns an element  {bytes / seconds.Elapsed / 1e9,6:F2} GB/s  {1e9 * seconds.Processor / elements,6:F2} ns of processor time"));
}

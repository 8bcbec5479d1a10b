using System.Globalization;

namespace Sequoia.Testing;

/// <summary>
/// What some work costs a processor, however long it waits for one: a limit on it holds on a busy machine too. Only what the calling thread does
/// itself is counted.
/// </summary>
internal static class ThreadTime
{
    public static TimeSpan Of(Action work)
    {
        TimeSpan before = Spent();
        work();
        return Spent() - before;
    }

    // The first number is the time on a processor in nanoseconds.
    private static TimeSpan Spent() =>
        TimeSpan.FromMicroseconds(long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1000);
}

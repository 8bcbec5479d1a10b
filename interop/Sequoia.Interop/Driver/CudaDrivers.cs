namespace Sequoia.Interop;

/// <summary>
/// The drivers that the application made available besides NVIDIA's, such as a software GPU, so that libraries find them by name. Safe for use
/// by several threads.
/// </summary>
public static class CudaDrivers
{
    private static volatile CudaDriver[] s_registered = [];
    private static readonly Lock s_gate = new();

    /// <summary>All of them, in the order of their registration.</summary>
    public static IReadOnlyList<CudaDriver> Registered => s_registered;

    /// <summary>Adds a driver; one of the same name is replaced.</summary>
    public static void Register(CudaDriver driver)
    {
        ArgumentNullException.ThrowIfNull(driver);
        lock (s_gate)
            s_registered = [.. s_registered.Where(other => other.Name != driver.Name), driver];
    }

    /// <summary>The registered driver of this name, or null.</summary>
    public static CudaDriver? Find(string name) => Array.Find(s_registered, driver => driver.Name == name);
}

namespace Sequoia.Interop;

/// <summary>
/// The drivers that the application registers in addition to NVIDIA's, such as a software GPU, so that libraries can find them by name.
/// Thread-safe.
/// </summary>
public static class CudaDrivers
{
    private static volatile CudaDriver[] s_registered = [];
    private static readonly Lock s_gate = new();

    /// <summary>All registered drivers, in the order of registration.</summary>
    public static IReadOnlyList<CudaDriver> Registered => s_registered;

    /// <summary>Registers a driver. It replaces a registered driver of the same name.</summary>
    public static void Register(CudaDriver driver)
    {
        ArgumentNullException.ThrowIfNull(driver);
        lock (s_gate)
            s_registered = [.. s_registered.Where(other => other.Name != driver.Name), driver];
    }

    /// <summary>Gets the registered driver with this name, or null.</summary>
    public static CudaDriver? Find(string name) => Array.Find(s_registered, driver => driver.Name == name);
}

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>One piece of a stream's work: decided when it is queued, done when somebody waits for it.</summary>
internal abstract class Work
{
    /// <summary>Does it.</summary>
    /// <returns>How long it takes by the cost model, in microseconds.</returns>
    public abstract double Run(Context context);

    /// <summary>Whether an instantiated graph may have this in place of other work.</summary>
    public abstract bool CanReplace(Work other);
}

namespace Sequoia.Native.Execution;

/// <summary>Cosines and sines of the rotary embedding on a device.</summary>
internal abstract class RopeTable : IDisposable
{
    public abstract void Dispose();
}

using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// An object that belongs to a context and keeps it alive. Dispose it at any time when no call is using it. Otherwise the garbage collector frees
/// it.
/// </summary>
public abstract class ContextObject : SafeHandle
{
    private readonly SafeHandle _parent;
    private readonly SafeHandle? _owner;
    private readonly bool _owned;

    /// <summary>
    /// Takes ownership of a handle. <paramref name="parent"/>, and <paramref name="owner"/> if there is one, stay alive until the handle is released.
    /// </summary>
    internal ContextObject(CudaContext context, SafeHandle parent, nint value, bool owned, SafeHandle? owner = null) : base(0, ownsHandle: true)
    {
        Context = context;
        _parent = parent;
        _owned = owned;
        _owner = owner;
        bool added = false;
        parent.DangerousAddRef(ref added);
        try
        {
            owner?.DangerousAddRef(ref added);
        }
        catch (ObjectDisposedException)
        {
            parent.DangerousRelease();
            throw;
        }
        SetHandle(value);
    }

    /// <summary>The context that the object belongs to.</summary>
    public CudaContext Context { get; }

    /// <summary>The driver's handle, for other bindings. Valid until this object is disposed.</summary>
    public nint Handle
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return handle;
        }
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    internal CudaDriver Driver => Context.Driver;

    internal ref readonly DriverTable Api => ref Context.Driver.Api;

    /// <summary>Releases the driver's handle. The context is current during the call.</summary>
    private protected abstract CudaResult Release(nint value);

    /// <inheritdoc/>
    protected sealed override bool ReleaseHandle()
    {
        try
        {
            if (!_owned)
                return true;
            using (Context.EnterToRelease())
                return Release(handle) == CudaResult.Success;
        }
        catch (CudaException)
        {
            // The context is destroyed or lost, and this object with it.
            return false;
        }
        finally
        {
            _owner?.DangerousRelease();
            _parent.DangerousRelease();
        }
    }
}

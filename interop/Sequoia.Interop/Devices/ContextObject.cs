using System.Runtime.InteropServices;

namespace Sequoia.Interop;

/// <summary>
/// Something that lives in a context and keeps it alive. Disposing of it is safe at any time that no call is using it; the
/// garbage collector frees it if nobody does.
/// </summary>
public abstract class ContextObject : SafeHandle
{
    private readonly SafeHandle _parent;
    private readonly bool _owned;

    /// <summary>Takes a handle over; <paramref name="parent"/> stays alive until it is released.</summary>
    internal ContextObject(CudaContext context, SafeHandle parent, nint value, bool owned) : base(0, ownsHandle: true)
    {
        Context = context;
        _parent = parent;
        _owned = owned;
        bool added = false;
        parent.DangerousAddRef(ref added);
        SetHandle(value);
    }

    /// <summary>The context it lives in.</summary>
    public CudaContext Context { get; }

    /// <summary>The driver's handle, for other bindings. Valid until this object is disposed of.</summary>
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

    /// <summary>Gives the handle back to the driver; the context is current.</summary>
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
            // The context is gone or lost, and this with it.
            return false;
        }
        finally
        {
            _parent.DangerousRelease();
        }
    }
}

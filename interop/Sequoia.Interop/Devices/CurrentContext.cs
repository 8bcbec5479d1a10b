namespace Sequoia.Interop;

/// <summary>
/// Makes a context the thread's current one while it lives, and puts the old one back, which another binding may rely on. Asking costs little, so
/// where the context is current already nothing changes.
/// </summary>
internal readonly unsafe ref struct CurrentContext : IDisposable
{
    private readonly CudaDriver? _pushed;

    public CurrentContext(CudaDriver driver, nint context)
    {
        nint current;
        if (driver.Api.cuCtxGetCurrent(&current) == CudaResult.Success && current == context)
            return;
        driver.Check(driver.Api.cuCtxPushCurrent_v2(context));
        _pushed = driver;
    }

    public void Dispose()
    {
        if (_pushed is null)
            return;
        nint popped;
        // A failure here would hide the one on its way to the user.
        _ = _pushed.Api.cuCtxPopCurrent_v2(&popped);
    }
}

namespace Sequoia.Interop;

/// <summary>
/// Makes a context the thread's current one during its lifetime, then restores the previous one, which another binding may rely on. The query is
/// cheap, so nothing changes if the context is already current.
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
        // An exception here would hide the one already being thrown.
        _ = _pushed.Api.cuCtxPopCurrent_v2(&popped);
    }
}

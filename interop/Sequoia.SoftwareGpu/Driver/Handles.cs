using Sequoia.Interop;

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>An object that callers reference by an opaque handle.</summary>
internal abstract class Handled
{
    public nint Handle { get; set; }
}

/// <summary>All live handles. A handle is never reused, so a stale handle is always detected.</summary>
internal sealed class Handles
{
    // Neither small numbers, which have special meanings (default streams), nor addresses.
    private const nint First = 0x10000;

    private readonly Dictionary<nint, Handled> _live = [];
    private nint _next = First;

    public T Add<T>(T item) where T : Handled
    {
        item.Handle = _next;
        _next += 16;
        _live.Add(item.Handle, item);
        return item;
    }

    public T Get<T>(nint handle, string what, CudaResult otherwise = CudaResult.InvalidHandle) where T : Handled =>
        _live.GetValueOrDefault(handle) as T
        ?? throw new DriverError(otherwise, handle == 0 ? $"the {what} is null" : $"0x{handle:x} is no {what}, or no longer one");

    public IReadOnlyList<T> All<T>() where T : Handled => [.. _live.Values.OfType<T>()];

    public bool IsGone(Handled item) => !_live.ContainsKey(item.Handle);

    public void Remove(Handled item) => _live.Remove(item.Handle);
}

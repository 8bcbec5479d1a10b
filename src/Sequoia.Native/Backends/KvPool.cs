using System.Runtime.InteropServices;

namespace Sequoia.Native.Backends;

/// <summary>
/// Keys and values of one model, all layers, in pages of 16 positions that sequences rent. Several sequences may share a full page, which
/// they only read. The rows after a sequence's committed tokens are in its own pages. Renting and returning are thread-safe.
/// </summary>
internal abstract class KvPool : IDisposable
{
    /// <summary>Positions per page: a block of the CPU's keys, and the depth of one product on tensor cores.</summary>
    public const int PageSize = 16;

    private readonly int[] _users;
    private readonly Stack<int> _free;

    protected KvPool(int pages)
    {
        _users = new int[pages];
        // In this order pages are rented ascending, and the rows of a lone sequence are contiguous.
        _free = new Stack<int>(Enumerable.Range(0, pages).Reverse());
    }

    public int Pages => _users.Length;

    public int FreePages
    {
        get
        {
            lock (_users)
                return _free.Count;
        }
    }

    public static int PagesFor(int positions) => (positions + PageSize - 1) / PageSize;

    /// <summary>Rents pages.</summary>
    /// <exception cref="KvCacheFullException">There are too few free pages; none is rented.</exception>
    public void Rent(Span<int> pages)
    {
        lock (_users)
        {
            if (pages.Length > _free.Count)
                throw new KvCacheFullException(pages.Length, _free.Count, PageSize);
            foreach (ref int page in pages)
            {
                page = _free.Pop();
                _users[page] = 1;
            }
        }
    }

    /// <summary>Adds one user to rented pages.</summary>
    public void Share(ReadOnlySpan<int> pages)
    {
        lock (_users)
        {
            foreach (int page in pages)
                _users[page]++;
        }
    }

    /// <summary>Removes one user from pages; a page without users is free.</summary>
    public void Return(ReadOnlySpan<int> pages)
    {
        lock (_users)
        {
            for (int i = pages.Length - 1; i >= 0; i--)
            {
                if (--_users[pages[i]] == 0)
                    _free.Push(pages[i]);
            }
        }
    }

    /// <summary>Sets all keys and values to finite numbers; their memory is arbitrary on some devices.</summary>
    public abstract void Fill(WorkQueue queue);

    public abstract void Dispose();
}

/// <summary>The pages of one sequence in one pool, in the order of positions.</summary>
internal sealed unsafe class KvPages : IDisposable
{
    private readonly int[] _pages;

    /// <param name="pool">The pool to rent from.</param>
    /// <param name="mostPositions">The maximum number of positions, including the tree's rows.</param>
    public KvPages(KvPool pool, int mostPositions)
    {
        Pool = pool;
        _pages = GC.AllocateArray<int>(KvPool.PagesFor(mostPositions), pinned: true);
        Table = (int*)Marshal.UnsafeAddrOfPinnedArrayElement(_pages, 0);
    }

    public KvPool Pool { get; }

    public int Count { get; private set; }

    /// <summary>The number of positions that the pages hold.</summary>
    public int Positions => Count * KvPool.PageSize;

    public ReadOnlySpan<int> Pages => _pages.AsSpan(0, Count);

    /// <summary>The maximum number of pages.</summary>
    public int Capacity => _pages.Length;

    /// <summary>The pages, for kernels: position j is in page Table[j / 16].</summary>
    public int* Table { get; }

    /// <summary>Makes room for this many positions.</summary>
    /// <exception cref="KvCacheFullException">The pool has too few free pages; nothing changes.</exception>
    public void Reserve(int positions)
    {
        int needed = KvPool.PagesFor(positions);
        if (needed <= Count)
            return;
        Pool.Rent(_pages.AsSpan(Count, needed - Count));
        Count = needed;
    }

    /// <summary>Begins with another sequence's first pages; both only read them from now on.</summary>
    /// <param name="other">Pages of the same pool.</param>
    /// <param name="positions">A number of positions in whole pages, all of which the other sequence has computed.</param>
    public void Share(KvPages other, int positions)
    {
        if (Count > 0 || other.Pool != Pool || positions % KvPool.PageSize != 0 || positions > other.Positions)
            throw new InvalidOperationException("whole pages of the same pool can be shared, by a sequence that has none yet");
        ReadOnlySpan<int> shared = other.Pages[..KvPool.PagesFor(positions)];
        Pool.Share(shared);
        shared.CopyTo(_pages);
        Count = shared.Length;
    }

    /// <summary>Returns all pages.</summary>
    public void Clear()
    {
        Pool.Return(Pages);
        Count = 0;
    }

    public void Dispose() => Clear();
}

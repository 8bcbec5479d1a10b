using System.Runtime.InteropServices;

namespace Sequoia.Native.Backends;

/// <summary>
/// Keys and values of one model, all layers, in pages of 16 positions that sequences rent. A full page may belong to several sequences, which
/// read it; the rows behind a sequence's committed tokens are in pages of its own. Renting and returning are thread-safe.
/// </summary>
internal abstract class KvPool : IDisposable
{
    /// <summary>Positions of a page: a block of the CPU's keys, and one product's depth on tensor cores.</summary>
    public const int PageSize = 16;

    private readonly int[] _users;
    private readonly Stack<int> _free;

    protected KvPool(int pages)
    {
        _users = new int[pages];
        // So that they are rented in ascending order, and a lone sequence's rows lie side by side.
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
    /// <exception cref="KvCacheFullException">There are not that many: none is rented.</exception>
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

    /// <summary>Rented pages get one more user.</summary>
    public void Share(ReadOnlySpan<int> pages)
    {
        lock (_users)
        {
            foreach (int page in pages)
                _users[page]++;
        }
    }

    /// <summary>A user gives pages back; they are free when their last one has.</summary>
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

    public abstract void Dispose();
}

/// <summary>The pages of one sequence in one pool, in the order of positions.</summary>
internal sealed unsafe class KvPages : IDisposable
{
    private readonly int[] _pages;

    /// <param name="pool">Where they are rented.</param>
    /// <param name="mostPositions">The most positions, the tree's rows included.</param>
    public KvPages(KvPool pool, int mostPositions)
    {
        Pool = pool;
        _pages = GC.AllocateArray<int>(KvPool.PagesFor(mostPositions), pinned: true);
        Table = (int*)Marshal.UnsafeAddrOfPinnedArrayElement(_pages, 0);
    }

    public KvPool Pool { get; }

    public int Count { get; private set; }

    /// <summary>Positions that there is room for.</summary>
    public int Positions => Count * KvPool.PageSize;

    public ReadOnlySpan<int> Pages => _pages.AsSpan(0, Count);

    /// <summary>The most pages.</summary>
    public int Capacity => _pages.Length;

    /// <summary>The pages, for kernels: position j is in page Table[j / 16].</summary>
    public int* Table { get; }

    /// <summary>Makes room for that many positions.</summary>
    /// <exception cref="KvCacheFullException">The pool has too few free pages: nothing changes.</exception>
    public void Reserve(int positions)
    {
        int needed = KvPool.PagesFor(positions);
        if (needed <= Count)
            return;
        Pool.Rent(_pages.AsSpan(Count, needed - Count));
        Count = needed;
    }

    /// <summary>Begins with another sequence's first pages; both only read them from now on.</summary>
    /// <param name="other">Of the same pool.</param>
    /// <param name="positions">A whole number of pages, all of which the other has computed.</param>
    public void Share(KvPages other, int positions)
    {
        if (Count > 0 || other.Pool != Pool || positions % KvPool.PageSize != 0 || positions > other.Positions)
            throw new InvalidOperationException("whole pages of the same pool can be shared, by a sequence that has none yet");
        ReadOnlySpan<int> shared = other.Pages[..KvPool.PagesFor(positions)];
        Pool.Share(shared);
        shared.CopyTo(_pages);
        Count = shared.Length;
    }

    /// <summary>Gives all pages back.</summary>
    public void Clear()
    {
        Pool.Return(Pages);
        Count = 0;
    }

    public void Dispose() => Clear();
}

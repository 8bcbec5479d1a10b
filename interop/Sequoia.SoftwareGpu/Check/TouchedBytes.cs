using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Check;

/// <summary>The bytes of an allocation that a launch accessed in one way: one bit for each. It is in native memory, beside the allocation.</summary>
internal unsafe struct TouchedBytes
{
    private ulong* _bits;

    // The words between which bits are set; none if the first is above the last.
    private ulong _first, _last;

    /// <summary>Sets the bits of some bytes, at least one.</summary>
    /// <param name="offset">The offset of the first byte in the allocation.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="size">The size of the allocation.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Mark(ulong offset, uint length, ulong size)
    {
        if (_bits is null)
            Begin(size);
        ulong end = offset + length - 1;
        ulong word = offset >> 6, last = end >> 6;
        _first = Math.Min(_first, word);
        _last = Math.Max(_last, last);
        ulong head = ulong.MaxValue << (int)offset, tail = ulong.MaxValue >> (63 - ((int)end & 63));
        if (word == last)
        {
            _bits[word] |= head & tail;
            return;
        }

        _bits[word] |= head;
        while (++word < last)
            _bits[word] = ulong.MaxValue;
        _bits[last] |= tail;
    }

    /// <summary>Appends the marked bytes as ranges of addresses, and clears the marks.</summary>
    /// <param name="start">The address of the allocation.</param>
    /// <param name="ranges">The list to append to.</param>
    public void Drain(ulong start, List<ByteRange> ranges)
    {
        if (_bits is null || _first > _last)
            return;
        int length = checked((int)(_last - _first + 1));
        Span<ulong> words = new(_bits + _first, length);
        ulong origin = start + (_first << 6);
        long open = -1;
        for (int at = 0; at < length; at++)
        {
            // Most words are empty or full.
            ulong rest = words[at];
            if (rest == 0)
            {
                Close(at * 64L);
                int next = words[at..].IndexOfAnyExcept(0UL);
                at += (next < 0 ? length - at : next) - 1;
                continue;
            }

            int bit = 0;
            while (bit < 64)
            {
                if (open < 0)
                {
                    bit += BitOperations.TrailingZeroCount(rest >> bit);
                    if (bit >= 64)
                        break;
                    open = (at * 64L) + bit;
                }
                else
                {
                    bit += BitOperations.TrailingZeroCount(~(rest >> bit));
                    if (bit >= 64)
                        break;
                    Close((at * 64L) + bit);
                }
            }
        }

        Close(length * 64L);
        words.Clear();
        (_first, _last) = (ulong.MaxValue, 0);

        void Close(long end)
        {
            if (open >= 0)
                ranges.Add(new ByteRange(origin + (ulong)open, origin + (ulong)end));
            open = -1;
        }
    }

    public void Release() => NativeMemory.Free(_bits);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Begin(ulong size)
    {
        _bits = (ulong*)NativeMemory.AllocZeroed((nuint)((size + 63) / 64), sizeof(ulong));
        (_first, _last) = (ulong.MaxValue, 0);
    }
}

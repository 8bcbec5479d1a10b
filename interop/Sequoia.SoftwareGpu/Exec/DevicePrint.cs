using System.Numerics;
using System.Text;
using Sequoia.SoftwareGpu.Mem;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>printf and assert in device code. Extra contains the offsets of the call's result and parameters in the frame that A contains.</summary>
internal static unsafe class DevicePrint
{
    /// <summary>Longer strings are truncated, so that a missing terminator does not print all memory.</summary>
    private const int LongestString = 1 << 16;

    public static void Print(Warp w, Inst* i, uint m)
    {
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            string format = Text(w, i, lane, Parameter(w, i, lane, 1));
            ulong arguments = Parameter(w, i, lane, 2);
            int count = 0;
            string line = Format(w, i, lane, format, arguments, ref count);
            w.Executor.Launch.Options.Output?.Write(line);
            *(int*)Local(w, i, lane, Offset(w, i, lane, 0), 4) = count;
        }
    }

    public static void Assert(Warp w, Inst* i, uint m)
    {
        int lane = BitOperations.TrailingZeroCount(m);
        string condition = Text(w, i, lane, Parameter(w, i, lane, 0));
        string file = Text(w, i, lane, Parameter(w, i, lane, 1));
        uint line = (uint)Parameter(w, i, lane, 2);
        string function = Text(w, i, lane, Parameter(w, i, lane, 3));
        throw w.Executor.Fault(DeviceFaultKind.Assert, w, i, lane, $"reports that the assertion `{condition}` of {function} failed at {file}:{line}");
    }

    private static string Format(Warp w, Inst* i, int lane, string format, ulong arguments, ref int count)
    {
        StringBuilder text = new();
        ulong offset = 0;
        for (int k = 0; k < format.Length; k++)
        {
            if (format[k] != '%')
            {
                text.Append(format[k]);
                continue;
            }

            int start = k++;
            while (k < format.Length && "-+ #0123456789.hlzjt".Contains(format[k]))
                k++;
            if (k == format.Length)
                break;
            if (format[k] == '%')
            {
                text.Append('%');
                continue;
            }

            string flags = format[(start + 1)..k];
            bool wide = flags.Contains('l') || flags.Contains('z') || "pseEfFgGaA".Contains(format[k]);
            ulong size = wide ? 8u : 4u;
            offset = (offset + size - 1) / size * size;
            ulong value = Read(w, i, lane, arguments + offset, (int)size);
            offset += size;
            text.Append(PrintFormat.Convert(flags, format[k], value, wide, format[k] == 's' ? Text(w, i, lane, value) : ""));
            count++;
        }

        return text.ToString();
    }

    private static ulong Offset(Warp w, Inst* i, int lane, int index) =>
        ((ulong*)(w.Registers + i->A))[lane] + *(ulong*)(w.Registers + i->Extra[index]);

    private static byte* Local(Warp w, Inst* i, int lane, ulong offset, int size) => Resolver.LocalLane(w, i, lane, offset, size);

    private static ulong Parameter(Warp w, Inst* i, int lane, int index)
    {
        // The line of an assertion is the only 32-bit parameter.
        ulong offset = Offset(w, i, lane, index);
        return offset % 8 == 0 ? *(ulong*)Local(w, i, lane, offset, 8) : *(uint*)Local(w, i, lane, offset, 4);
    }

    private static ulong Read(Warp w, Inst* i, int lane, ulong address, int size)
    {
        byte* host = Resolver.Generic(w, i, lane, address, size);
        return size == 8 ? *(ulong*)host : *(uint*)host;
    }

    private static string Text(Warp w, Inst* i, int lane, ulong address)
    {
        List<byte> bytes = [];
        while (bytes.Count < LongestString)
        {
            byte next = *Resolver.Generic(w, i, lane, address + (ulong)bytes.Count, 1);
            if (next == 0)
                break;
            bytes.Add(next);
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}

using System.Numerics;
using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>The operation of an extended-precision instruction: the low bits of its immediate.</summary>
internal enum CarryKind : byte
{
    Add,
    Subtract,
    MultiplyLow,
    MultiplyHigh,
    MultiplyHighSigned,
}

/// <summary>Arithmetic with the carry flag: one bit per lane, read from Extra[0] and, if requested, written to E.</summary>
internal static unsafe class CarryOps
{
    public const long ReadsCarry = 0x10;
    public const long WritesCarry = 0x20;

    public static void Run32(Warp w, Inst* i, uint m)
    {
        uint* a = (uint*)(w.Registers + i->A);
        uint* b = (uint*)(w.Registers + i->B);
        uint* c = (uint*)(w.Registers + i->C);
        uint* d = (uint*)(w.Registers + i->D);
        uint carries = (i->Immediate & ReadsCarry) != 0 ? *(uint*)(w.Registers + i->Extra[0]) : 0, results = 0;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            ulong carry = carries >> lane & 1;
            ulong sum = (CarryKind)(i->Immediate & 0xF) switch
            {
                CarryKind.Add => (ulong)a[lane] + b[lane] + carry,
                CarryKind.Subtract => (ulong)a[lane] - b[lane] - carry,
                CarryKind.MultiplyLow => (ulong)(a[lane] * b[lane]) + c[lane] + carry,
                CarryKind.MultiplyHigh => (ulong)HighProduct.U32.Apply(a[lane], b[lane]) + c[lane] + carry,
                _ => (ulong)HighProduct.S32.Apply(a[lane], b[lane]) + c[lane] + carry,
            };
            d[lane] = (uint)sum;

            // A borrow sets all bits of the upper half. A carry is its lowest bit.
            results |= (uint)(sum >> 32 & 1) << lane;
        }

        Finish(w, i, m, results);
    }

    public static void Run64(Warp w, Inst* i, uint m)
    {
        ulong* a = (ulong*)(w.Registers + i->A);
        ulong* b = (ulong*)(w.Registers + i->B);
        ulong* c = (ulong*)(w.Registers + i->C);
        ulong* d = (ulong*)(w.Registers + i->D);
        uint carries = (i->Immediate & ReadsCarry) != 0 ? *(uint*)(w.Registers + i->Extra[0]) : 0, results = 0;
        for (uint rest = m; rest != 0; rest &= rest - 1)
        {
            int lane = BitOperations.TrailingZeroCount(rest);
            UInt128 carry = carries >> lane & 1;
            UInt128 sum = (CarryKind)(i->Immediate & 0xF) switch
            {
                CarryKind.Add => (UInt128)a[lane] + b[lane] + carry,
                CarryKind.Subtract => (UInt128)a[lane] - b[lane] - carry,
                CarryKind.MultiplyLow => (UInt128)(a[lane] * b[lane]) + c[lane] + carry,
                CarryKind.MultiplyHigh => (UInt128)HighProduct.U64.Apply(a[lane], b[lane]) + c[lane] + carry,
                _ => (UInt128)HighProduct.S64.Apply(a[lane], b[lane]) + c[lane] + carry,
            };
            d[lane] = (ulong)sum;
            results |= ((sum >> 64) & 1) != 0 ? 1u << lane : 0;
        }

        Finish(w, i, m, results);
    }

    private static void Finish(Warp w, Inst* i, uint m, uint carries)
    {
        if ((i->Immediate & WritesCarry) != 0)
            Lanes.StorePredicate(w.Registers + i->E, m, carries);
    }
}

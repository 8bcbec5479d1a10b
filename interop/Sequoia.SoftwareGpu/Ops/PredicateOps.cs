using Sequoia.SoftwareGpu.Exec;

namespace Sequoia.SoftwareGpu.Ops;

/// <summary>Logic on predicates: one bit per lane, so a whole warp at once.</summary>
internal static unsafe class PredicateOps
{
    public static void And(Warp w, Inst* i, uint m) => Set(w, i, m, Get(w, i->A) & Get(w, i->B));

    public static void Or(Warp w, Inst* i, uint m) => Set(w, i, m, Get(w, i->A) | Get(w, i->B));

    public static void Xor(Warp w, Inst* i, uint m) => Set(w, i, m, Get(w, i->A) ^ Get(w, i->B));

    public static void Not(Warp w, Inst* i, uint m) => Set(w, i, m, ~Get(w, i->A));

    public static void Mov(Warp w, Inst* i, uint m) => Set(w, i, m, Get(w, i->A));

    private static uint Get(Warp w, int offset) => *(uint*)(w.Registers + offset);

    private static void Set(Warp w, Inst* i, uint m, uint bits) => Lanes.StorePredicate(w.Registers + i->D, m, bits);
}

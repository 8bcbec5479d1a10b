namespace Sequoia.SoftwareGpu.Tests;

internal sealed unsafe class DeviceMemoryTests
{
    [Test]
    public void Allocations_are_aligned_apart_and_never_reused()
    {
        using DeviceMemory memory = new();
        ulong a = memory.Allocate(1), b = memory.Allocate(1000);
        memory.Free(a);
        ulong c = memory.Allocate(1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(a % 256 | b % 256 | c % 256, Is.Zero);
            Assert.That(b - a, Is.GreaterThanOrEqualTo(512));
            Assert.That(c, Is.GreaterThan(b));
            Assert.That(memory.Used, Is.EqualTo(1001));
            Assert.That(memory.LiveAllocations.Select(l => l.Start), Is.EqualTo(new[] { b, c }));
            Assert.That(memory.Describe(a), Does.Contain("freed"));
        }
    }

    [Test]
    public void Wrong_uses_are_faults()
    {
        using DeviceMemory memory = new(1 << 20);
        ulong a = memory.Allocate(100);
        void Fails(DeviceFaultKind kind, Action use) => Assert.That(Assert.Throws<DeviceFault>(use).Kind, Is.EqualTo(kind));
        Fails(DeviceFaultKind.InvalidRange, () => memory.Free(a + 1));
        Fails(DeviceFaultKind.InvalidRange, () => memory.Free(0));
        Fails(DeviceFaultKind.InvalidRange, () => memory.Read(a + 90, new byte[11]));
        Fails(DeviceFaultKind.InvalidRange, () => memory.Write(a - 1, new byte[2]));
        Fails(DeviceFaultKind.InvalidRange, () => memory.Fill(a, 0, 4, ulong.MaxValue));
        Fails(DeviceFaultKind.InvalidRange, () => memory.Copy(a, a + 50, 51));
        Fails(DeviceFaultKind.InvalidRange, () => memory.Allocate(0));
        Fails(DeviceFaultKind.OutOfMemory, () => memory.Allocate(1 << 20));
        Fails(DeviceFaultKind.OutOfMemory, () => memory.Allocate(ulong.MaxValue));
        memory.Free(a);
        Fails(DeviceFaultKind.InvalidRange, () => memory.Free(a));
    }

    [Test]
    public void Fill_copy_and_read()
    {
        using DeviceMemory memory = new() { Poison = 0xEE };
        ulong a = memory.Allocate(16), b = memory.Allocate(16);
        memory.Fill(a, 0x1234, 2, 3);
        memory.Fill(a + 8, 7, 4, 1);
        memory.Copy(b + 1, a, 12);
        byte[] bytes = new byte[16];
        memory.Read(b, bytes);
        Assert.That(bytes, Is.EqualTo(new byte[] { 0xEE, 0x34, 0x12, 0x34, 0x12, 0x34, 0x12, 0xEE, 0xEE, 7, 0, 0, 0, 0xEE, 0xEE, 0xEE }));
    }

    [Test]
    public void Kernels_reach_registered_host_memory_at_its_own_address()
    {
        using Gpu gpu = Gpu.FromPtx("""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p) { .reg .b64 %a; .reg .b32 %v; ld.param.u64 %a, [p]; ld.u32 %v, [%a]; add.u32 %v, %v, 1; st.u32 [%a], %v; ret; }
            """);
        int value = 41;
        ulong address = (ulong)&value;
        gpu.Memory.RegisterHost(&value, 4);
        gpu.Launch("k", 1, 1, address);
        Assert.That(value, Is.EqualTo(42));
        gpu.Memory.Free(address);
        Assert.Throws<DeviceFault>(() => gpu.Launch("k", 1, 1, address));
        Assert.That(value, Is.EqualTo(42));
    }

    /// <summary>Uploads in order are remembered as one length, others byte by byte: either way exactly what was never written is reported.</summary>
    [Test]
    public void What_was_never_written_is_found_whatever_the_order_of_writes()
    {
        const int Words = 8, Bytes = 4 * Words;
        using Gpu gpu = Gpu.FromPtx("""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 p) { .reg .b64 %a; .reg .b32 %v; ld.param.u64 %a, [p]; ld.u32 %v, [%a]; ret; }
            """);
        gpu.Options = LaunchOptions.Default with { Checks = true };
        var random = new Random(5);
        for (int round = 0; round < 200; round++)
        {
            ulong[] places = [gpu.Memory.Allocate(Bytes), gpu.Memory.Allocate(Bytes)];
            bool[][] written = [new bool[Bytes], new bool[Bytes]];
            int next = 0;
            for (int i = 0; i < 4; i++)
            {
                // Half of the writes follow each other, as uploads do.
                int which = random.Next(2), first = random.Next(2) == 0 ? next : random.Next(Bytes), length = random.Next(1, Bytes - first + 1);
                next = (first + length) % Bytes;
                if (random.Next(4) == 0)
                {
                    gpu.Memory.Copy(places[which] + (ulong)first, places[1 - which] + (ulong)first, (ulong)length);
                    Array.Copy(written[1 - which], first, written[which], first, length);
                }
                else
                {
                    gpu.Memory.Write(places[which] + (ulong)first, new byte[length]);
                    written[which].AsSpan(first, length).Fill(true);
                }
            }
            for (int word = 0; word < 2 * Words; word++)
            {
                (int which, int at) = (word / Words, word % Words * 4);
                IReadOnlyList<Finding> findings = gpu.Launch("k", 1, 1, places[which] + (ulong)at).Findings;
                Assert.That(findings.Any(finding => finding.Kind == FindingKind.UninitializedGlobal), Is.EqualTo(written[which].AsSpan(at, 4).Contains(false)), $"round {round}, place {which}, byte {at}");
            }
            Array.ForEach(places, gpu.Memory.Free);
        }
    }

    [Test]
    public void Symbols_are_placed_with_their_initial_values()
    {
        using Gpu gpu = Gpu.FromPtx("""
            .version 8.4
            .target sm_80
            .address_size 64
            .visible .global .align 4 .u32 numbers[3] = {5, 6};
            .visible .const .align 8 .u64 pointer = generic(numbers);
            .visible .entry k(.param .u64 p)
            {
                .reg .b64 %a<3>; .reg .b32 %v;
                ld.const.u64 %a0, [pointer]; ld.global.u32 %v, [%a0+4]; ld.param.u64 %a1, [p]; st.global.u32 [%a1], %v; ret;
            }
            """);
        (ulong address, ulong bytes) = gpu.Module.Symbols["numbers"];
        Assert.That(bytes, Is.EqualTo(12));
        Assert.That(gpu.Download<int>(address, 3), Is.EqualTo(new[] { 5, 6, 0 }));
        ulong result = gpu.Allocate<int>(1);
        gpu.Launch("k", 1, 1, result);
        Assert.That(gpu.Download<int>(result, 1)[0], Is.EqualTo(6));
    }
}

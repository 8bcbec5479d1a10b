using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests.Driver;

/// <summary>What arrives at the driver when a kernel is launched, and what is refused before.</summary>
internal sealed class LaunchTests
{
    [Test]
    public void Every_kind_of_argument_arrives_with_its_bits()
    {
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.ParameterBytes = [4, 4, 8, 8, 4, 8, 2, 1, 1, 8, 8, 16];
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaStream stream = context.CreateStream();
        using DeviceBuffer<float> buffer = context.Allocate<float>(10);
        using CudaModule module = context.Load("ptx"u8);
        module["any"].Launch(
            (2, 3, 4), (5, 6), 7, stream, -1, 4_000_000_000u, long.MinValue, ulong.MaxValue, 1.5f, -2.5, (Half)0.5f, (byte)200, true, buffer, buffer.At(3),
            KernelArgument.Of(new Vector4 { X = 1, Y = 2, Z = 3, W = 4 }));

        var (extent, queue, arguments) = FakeDriver.LastLaunch;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(extent, Is.EqualTo(new uint[] { 2, 3, 4, 5, 6, 1, 7 }));
            Assert.That(queue, Is.EqualTo(stream.Handle));
            Assert.That(BitConverter.ToInt32(arguments[0]), Is.EqualTo(-1));
            Assert.That(BitConverter.ToUInt32(arguments[1]), Is.EqualTo(4_000_000_000u));
            Assert.That(BitConverter.ToInt64(arguments[2]), Is.EqualTo(long.MinValue));
            Assert.That(BitConverter.ToUInt64(arguments[3]), Is.EqualTo(ulong.MaxValue));
            Assert.That(BitConverter.ToSingle(arguments[4]), Is.EqualTo(1.5f));
            Assert.That(BitConverter.ToDouble(arguments[5]), Is.EqualTo(-2.5));
            Assert.That(BitConverter.ToHalf(arguments[6]), Is.EqualTo((Half)0.5f));
            Assert.That(arguments[7], Is.EqualTo(new byte[] { 200 }));
            Assert.That(arguments[8], Is.EqualTo(new byte[] { 1 }));
            Assert.That(BitConverter.ToInt64(arguments[9]), Is.EqualTo((long)buffer.Handle));
            Assert.That(BitConverter.ToInt64(arguments[10]), Is.EqualTo((long)buffer.Handle + 12));
            Assert.That(MemoryMarshal.Cast<byte, float>(arguments[11]).ToArray(), Is.EqualTo(new[] { 1f, 2f, 3f, 4f }));
        }
    }

    [Test]
    public unsafe void A_structure_of_any_size_is_read_where_it_lies()
    {
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.ParameterBytes = [40, 4];
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        byte* value = stackalloc byte[40];
        for (int i = 0; i < 40; i++)
            value[i] = (byte)i;
        module["any"].Launch(1, 1, KernelArgument.At(value, 40), 9);
        Assert.That(FakeDriver.LastLaunch.Arguments[0], Is.EqualTo(Enumerable.Range(0, 40).Select(i => (byte)i)));
        Assert.That(() => KernelArgument.Of((1L, 2L, 3L, 4L)), Throws.ArgumentException.With.Message.Contains("32 bytes"));
    }

    [Test]
    public void Arguments_that_do_not_fit_the_parameters_are_refused_before_the_driver_sees_them()
    {
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.ParameterBytes = [8, 4];
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        CudaKernel kernel = module["scale"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => kernel.Launch(1, 1, 1L), Throws.ArgumentException.With.Message.EqualTo(
                "scale: 1 arguments were given and the kernel has 2 parameters (of 8, 4 bytes)"));
            Assert.That(() => kernel.Launch(1, 1, 1L, 2.0), Throws.ArgumentException.With.Message.EqualTo(
                "scale: argument 2 has 8 bytes and the kernel's parameter 4; convert it to the parameter's type"));
            Assert.That(() => kernel.Launch(1, 1, 1, 2), Throws.ArgumentException.With.Message.Contains("argument 1 has 4 bytes and the kernel's parameter 8"));
            Assert.That(FakeDriver.Calls, Does.Not.Contain("cuLaunchKernel"));
        }
    }

    [Test]
    public unsafe void A_driver_that_does_not_know_the_parameters_takes_the_arguments_as_they_are()
    {
        CudaDriver driver = FakeDriver.Reset((ref DriverTable table) => table.cuFuncGetParamInfo = null);
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        FakeDriver.ParameterBytes = [4];
        module["any"].Launch(1, 1, 5, 6L);
        Assert.That(BitConverter.ToInt32(FakeDriver.LastLaunch.Arguments[0]), Is.EqualTo(5));
    }

    [Test]
    public void A_failed_launch_names_the_kernel_and_the_limit()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        FakeDriver.Fail("cuLaunchKernel", CudaResult.InvalidValue);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => module["scale"].Launch(1, 1024), Throws.TypeOf<CudaException>().With.Message.Contains(
                "scale with 1 x 1 x 1 blocks of 1024 x 1 x 1 threads").And.Message.Contains("a block has 1024 threads and this kernel allows 512"));
            Assert.That(() => module["scale"].Launch(1, 32, 50_000, null), Throws.TypeOf<CudaException>().With.Message.Contains(
                "the kernel allows 49152 bytes of dynamic shared memory; set MaxDynamicSharedBytes first (up to 101275)"));
            Assert.That(() => module["scale"].Launch(1, (1, 1, 65)), Throws.TypeOf<CudaException>().With.Message.EndsWith(
                "a block can have up to 1024 x 1024 x 64 threads"));
            Assert.That(() => module["scale"].Launch((1, 70_000), 32), Throws.TypeOf<CudaException>().With.Message.EndsWith(
                "a grid can have up to 2147483647 x 65535 x 65535 blocks"));
            Assert.That(() => module["scale"].Launch(0, 32), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    [Test]
    public void Synchronous_launches_name_the_kernel_that_failed()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        context.SynchronousLaunches = true;
        FakeDriver.Fail("cuStreamSynchronize", CudaResult.IllegalAddress);
        CudaException? error = Assert.Throws<CudaException>(() => module["scatter"].Launch(1, 32));
        Assert.That(error.Message, Does.Contain("scatter with"));
        Assert.That(error.IsSticky);
    }

    [Test]
    public void Cooperative_launches_have_their_own_entry_point()
    {
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.ParameterBytes = [4];
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        module["any"].LaunchCooperative(2, 32, 0, null, 5);
        Assert.That(FakeDriver.Calls, Does.Contain("cuLaunchCooperativeKernel").And.Not.Contain("cuLaunchKernel"));
    }

    [Test]
    public void Dependent_launches_have_an_attribute()
    {
        CudaDriver driver = FakeDriver.Reset();
        FakeDriver.ParameterBytes = [4];
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        using CudaStream stream = context.CreateStream();
        module["any"].LaunchDependent(new Dim3(2, 3, 4), new Dim3(5, 6), 7, stream, 9);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(FakeDriver.LastLaunch.Extent, Is.EqualTo(new uint[] { 2, 3, 4, 5, 6, 1, 7 }));
            Assert.That(FakeDriver.LastLaunch.Stream, Is.EqualTo(stream.Handle));
            Assert.That(BitConverter.ToInt32(FakeDriver.LastLaunch.Arguments[0]), Is.EqualTo(9));
            Assert.That(FakeDriver.LastAttributes, Is.EqualTo(new[] { (LaunchAttributeKind.ProgrammaticStreamSerialization, 1) }));
        }
        FakeDriver.Fail("cuLaunchKernelEx", CudaResult.InvalidValue);
        CudaException? error = Assert.Throws<CudaException>(() => module["any"].LaunchDependent(1, 32, 0, null, 5));
        Assert.That(error.Message, Does.Contain("cuLaunchKernelEx").And.Contain("any with"));
    }

    [Test]
    public void Disposed_modules_streams_and_buffers_are_refused()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        CudaModule module = context.Load("ptx"u8);
        CudaKernel kernel = module["any"];
        CudaStream stream = context.CreateStream();
        stream.Dispose();
        Assert.That(() => kernel.Launch(1, 1, 0, stream), Throws.InstanceOf<ObjectDisposedException>());
        DeviceBuffer<int> buffer = context.Allocate<int>(1);
        buffer.Dispose();
        Assert.That(() => kernel.Launch(1, 1, buffer), Throws.InstanceOf<ObjectDisposedException>());
        module.Dispose();
        Assert.That(() => kernel.Launch(1, 1), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Attributes_and_occupancy_pass_through()
    {
        CudaDriver driver = FakeDriver.Reset();
        using CudaContext context = CudaContext.Create(driver.Devices[0]);
        using CudaModule module = context.Load("ptx"u8);
        CudaKernel kernel = module["any"];
        kernel.MaxDynamicSharedBytes = 65536;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(kernel.Registers, Is.EqualTo(104));
            Assert.That(kernel.SharedBytes, Is.EqualTo(101));
            Assert.That(kernel.LocalBytes, Is.EqualTo(103));
            Assert.That(kernel.BlocksPerMultiprocessor(128, 6), Is.EqualTo(1286));
            Assert.That(FakeDriver.Calls, Does.Contain("cuFuncSetAttribute MaxDynamicSharedBytes 65536"));
        }
    }

    private struct Vector4
    {
        public float X, Y, Z, W;
    }
}

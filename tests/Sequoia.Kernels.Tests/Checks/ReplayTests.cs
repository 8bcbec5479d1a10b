using Sequoia.Interop;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Checks;

/// <summary>Repeated launches of one problem: results that depend on the order of blocks are found without a reference.</summary>
internal sealed class ReplayTests : CudaFixture
{
    private const int Blocks = 8;

    [TearDown]
    public void Restore() => SoftwareDriver.Options = new LaunchOptions();

    [TestCase("atomicAdd(counter, 1u)", 2, TestName = "A_result_in_the_order_of_arrival_is_found")]
    [TestCase("blockIdx.x", null, TestName = "A_result_in_the_order_of_blocks_is_always_the_same")]
    public void Replays(string place, int? expected)
    {
        using CudaModule module = TestGpu.Context.Compile(TestGpu.Compiler, $$"""
            extern "C" __global__ void order(unsigned* written, unsigned* counter) { written[{{place}}] = blockIdx.x; }
            """);
        using var problem = new OrderProblem(TestGpu.Context, module["order"]);
        problem.Launch();
        problem.Reset();
        (int Replay, string Where)? different = problem.FirstDifferentReplay(TestGpu.Context, 4, replay => SoftwareDriver.Options = new LaunchOptions { Schedule = replay < 2 ? Schedule.InOrder : Schedule.Adversarial });
        Assert.That(different?.Replay, Is.EqualTo(expected));
        Assert.That(different?.Where, Is.Null.Or.Match(@"^element \d of 8: \d instead of \d$"));
        Assert.That(problem.Compare().IsWithinRounding, "the buffers are those of the last launch");
    }

    private sealed class OrderProblem : ExactProblem
    {
        private readonly CudaKernel _kernel;
        private readonly GuardedBuffer<uint> _written, _counter;

        public OrderProblem(CudaContext gpu, CudaKernel kernel)
        {
            _kernel = kernel;
            _written = Own(GuardedBuffer<uint>.Filled(gpu, Blocks, 99));
            _counter = Own(new GuardedBuffer<uint>(gpu, [0], 99));
        }

        public override string Shape => "order";

        public override long Bytes => 0;

        public override bool HasTwin => false;

        public override void Launch(CudaStream? stream) => _kernel.Launch(Blocks, 1, 0, stream, _written.Address, _counter.Address);

        protected override string? FirstDifference() =>
            _written.ToArray().Order().SequenceEqual(Enumerable.Range(0, Blocks).Select(block => (uint)block)) ? null : string.Join(' ', _written.ToArray());
    }
}

using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>The passes that `measure hardware` times on a GPU: they run and are replayed on a device as well. Their times mean nothing here.</summary>
[NonParallelizable]
internal sealed class PairPassesTests : CudaFixture
{
    [Test]
    public void Passes_of_every_size_are_replayed()
    {
        using var folder = new TemporaryFolder();
        RandomModel.Write(folder.Path, new RandomModel.Shape(Vocabulary: 67, Context: 256, HeadDim: 32, Type: "F16"));
        using DeviceModel target = new(folder.Path, CountingDriver.Driver), draft = new(folder.Path, CountingDriver.Driver);
        int[] sizes = [1, 2, 8, 24];
        using var passes = new PairPasses(target.Llama, draft.Llama, 100, sizes);
        for (int round = 0; round < 3; round++)
        {
            CountingDriver.Clear();
            for (int size = 0; size < sizes.Length; size++)
            {
                passes.Check(size);
                passes.DraftLevel(size);
            }
            passes.Verify();
        }
        // Recorded in the first round, then only replayed.
        Assert.That((CountingDriver.GraphLaunches, CountingDriver.Launches, CountingDriver.Waits), Is.EqualTo((9, 0, 9)));
    }
}

using Sequoia.Kernels.Tests.Forward;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Engine;

namespace Sequoia.Kernels.Tests.Engine;

/// <summary>A target and a draft of one random model on the counted device.</summary>
internal sealed class DevicePair : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DeviceModel _target, _draft;

    /// <param name="shape">The shape of both.</param>
    /// <param name="streaming">How the target's weights are streamed; null if all stay on the device.</param>
    public DevicePair(RandomModel.Shape shape, CudaStreamOptions? streaming = null)
    {
        RandomModel.Write(_folder.Path, shape);
        _target = new DeviceModel(_folder.Path, CountingDriver.Driver, streaming: streaming);
        _draft = new DeviceModel(_folder.Path, CountingDriver.Driver);
    }

    public Llama Target => _target.Llama;

    public CudaWeightStream Stream => _target.Stream;

    public Llama Draft => _draft.Llama;

    public Decoder Decoder(params IReadOnlyList<TokenTree> trees) => new(Target, Draft, trees, 200);

    public void Dispose()
    {
        _draft.Dispose();
        _target.Dispose();
        _folder.Dispose();
    }
}

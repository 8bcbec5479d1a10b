using Sequoia.Interop;
using Sequoia.Native;
using Sequoia.Native.Backends;
using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Models;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Forward;

/// <summary>A model folder loaded onto the software GPU.</summary>
internal sealed class DeviceModel : IDisposable
{
    private readonly ModelFiles _files;
    private readonly CudaBackend _backend;

    /// <param name="folder">The model's.</param>
    /// <param name="driver">The software GPU's if null.</param>
    /// <param name="element">What weights are kept in; by default what the engine would choose.</param>
    /// <param name="kernels">The engine's if null.</param>
    /// <param name="streaming">How weights are streamed; null if all stay on the device.</param>
    public DeviceModel(string folder, CudaDriver? driver = null, Element? element = null, KernelSet? kernels = null, CudaStreamOptions? streaming = null)
    {
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        _files = new ModelFiles(folder);
        var tensors = new LlamaTensors(_files, config);
        _backend = new CudaBackend((driver ?? SoftwareDriver.Driver).Devices[0], NeededLibraries.Compiler(KernelCache.Default), kernels ?? KernelSet.Default, element ?? Elements.For(tensors.Matrices));
        if (streaming is not null)
            _backend.StreamWeights(tensors, streaming);
        Llama = new Llama(_backend, config, tensors);
    }

    public Llama Llama { get; }

    public CudaWeightStream Stream => _backend.WeightStream!;

    public void Dispose()
    {
        _backend.Dispose();
        _files.Dispose();
    }
}

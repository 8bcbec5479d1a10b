using Sequoia.Interop;
using Sequoia.Interop.Tests;
using Sequoia.Native;
using Sequoia.Native.Execution;
using Sequoia.Native.Execution.Cuda;
using Sequoia.Native.Models;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Forward;

/// <summary>A model folder loaded onto the software GPU.</summary>
internal sealed class DeviceModel : IDisposable
{
    private readonly ModelFiles _files;
    private readonly CudaBackend _backend;

    public DeviceModel(string folder, CudaDriver? driver = null)
    {
        LlamaConfig config = LlamaConfig.Read(Path.Combine(folder, "config.json"));
        _files = new ModelFiles(folder);
        var tensors = new LlamaTensors(_files, config);
        _backend = new CudaBackend((driver ?? SoftwareDriver.Driver).Devices[0], NeededLibraries.Compiler(KernelCache.Default), KernelSet.Default, Elements.For(tensors.Matrices));
        Llama = new Llama(_backend, config, tensors);
    }

    public Llama Llama { get; }

    public void Dispose()
    {
        _backend.Dispose();
        _files.Dispose();
    }
}

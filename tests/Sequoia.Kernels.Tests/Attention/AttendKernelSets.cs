using System.Collections.Concurrent;
using Sequoia.Interop;
using Sequoia.Interop.Tests;
using Sequoia.Native;
using Sequoia.Native.Execution.Cuda;

namespace Sequoia.Kernels.Tests.Attention;

/// <summary>The kernels as the engine finds them, in the tests' context, perhaps with a bug put in.</summary>
internal static class AttendKernelSets
{
    private static readonly Lazy<CudaCompiler> Cached = new(() => NeededLibraries.Compiler(KernelCache.Default));

    private static readonly ConcurrentDictionary<(CudaContext, Element, Mutation?), CudaKernels> Found = new();

    public static CudaCompiler Compiler => Cached.Value;

    public static CudaKernels Of(Element element, Mutation? mutation = null) =>
        Found.GetOrAdd((KernelUnderTest.Gpu, element, mutation), key => new CudaKernels(key.Item1, Compiler, Set(mutation), element));

    private static KernelSet Set(Mutation? mutation) => mutation switch
    {
        null => KernelSet.Default,
        { File: "attend.cu" } => Replaced("attend", mutation),
        { File: "attend_scalar.cu" } => Replaced("attend_scalar", mutation),
        _ => KernelSet.Default.ReplaceHeader(mutation.File, mutation.Apply(mutation.File, KernelSet.Headers[mutation.File])),
    };

    private static KernelSet Replaced(string source, Mutation mutation) =>
        KernelSet.Default.Replace(source, mutation.Apply(mutation.File, KernelSet.Default[source]));
}

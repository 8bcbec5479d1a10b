using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.InteropServices;

namespace Sequoia.SoftwareGpu.Ilgpu;

/// <summary>The entry points of libcuda that ILGPU's bindings import, from its own metadata.</summary>
internal static class ImportedNames
{
    public static IReadOnlyList<string> All()
    {
        using FileStream file = File.OpenRead(typeof(ILGPU.Context).Assembly.Location);
        using var portable = new PEReader(file);
        MetadataReader metadata = portable.GetMetadataReader();
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodImport import = metadata.GetMethodDefinition(handle).GetImport();
            if (!import.Module.IsNil && metadata.GetString(metadata.GetModuleReference(import.Module).Name) == "cuda")
                names.Add(metadata.GetString(import.Name));
        }
        return [.. names];
    }

    public static IReadOnlyList<string> Missing()
    {
        nint library = NativeLibrary.Load("libcuda.so.1");
        return [.. All().Where(name => !NativeLibrary.TryGetExport(library, name, out _))];
    }
}

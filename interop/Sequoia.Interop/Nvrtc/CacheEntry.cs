namespace Sequoia.Interop;

/// <summary>A compilation result as bytes. The reader has already checked that the bytes are unchanged since they were written.</summary>
internal static class CacheEntry
{
    public static byte[] Write(CompiledKernels kernels)
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        writer.Write(kernels.IsCubin);
        writer.Write(kernels.Log);
        writer.Write(kernels.LoweredNames.Count);
        foreach ((string expression, string name) in kernels.LoweredNames)
        {
            writer.Write(expression);
            writer.Write(name);
        }
        writer.Write(kernels.Image.Length);
        writer.Write(kernels.Image.Span);
        writer.Flush();
        return memory.ToArray();
    }

    public static CompiledKernels Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        bool cubin = reader.ReadBoolean();
        string log = reader.ReadString();
        var names = new Dictionary<string, string>();
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            string expression = reader.ReadString();
            names.Add(expression, reader.ReadString());
        }
        byte[] image = reader.ReadBytes(reader.ReadInt32());
        return new(cubin, image, log, names, fromCache: true);
    }
}

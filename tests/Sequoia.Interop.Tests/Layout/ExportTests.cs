using System.Reflection;

namespace Sequoia.Interop.Tests.Layout;

/// <summary>Each imported name is exported by NVIDIA's library, and stands in its table where its field does.</summary>
internal sealed class ExportTests
{
    [Test]
    public void The_driver_exports_every_name_of_its_table() =>
        Assert.That(DriverTable.Names.Except(ElfExports.Read(NeededLibraries.FileToRead("libcuda.so.1"))), Is.Empty);

    [Test]
    public void Nvrtc_exports_every_name_of_its_table() =>
        Assert.That(NvrtcTable.Names.Except(ElfExports.Read(NeededLibraries.Compiler().Library.Path!)), Is.Empty);

    [Test]
    public void Names_that_a_library_only_imports_do_not_count() =>
        Assert.That(ElfExports.Read(NeededLibraries.FileToRead("libcuda.so.1")), Does.Contain("cuInit").And.Not.Contain("malloc").And.Not.Contain("dlopen"));

    [TestCase(typeof(DriverTable))]
    [TestCase(typeof(NvrtcTable))]
    public void Names_are_in_the_order_of_the_fields(Type table)
    {
        FieldInfo[] fields = [.. table.GetFields(BindingFlags.Instance | BindingFlags.Public).OrderBy(field => field.MetadataToken)];
        var names = (IReadOnlyList<string>)table.GetProperty("Names", BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!;
        Assert.That(fields.Select(field => field.Name), Is.EqualTo(names));
        Assert.That(fields.Select(field => field.FieldType.IsUnmanagedFunctionPointer || field.FieldType.IsFunctionPointer), Is.All.True);
    }
}

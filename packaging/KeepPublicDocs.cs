using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Xml.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>Copies a documentation file without the members that a user of the assembly cannot name. Compiled by MSBuild where a package is made.</summary>
public sealed class KeepPublicDocs : Task
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Required]
    public string Assembly { get; set; }

    [Required]
    public ITaskItem[] References { get; set; }

    [Required]
    public string Documentation { get; set; }

    [Required]
    public string Result { get; set; }

    public override bool Execute()
    {
        Dictionary<string, string> references = References.GroupBy(item => Path.GetFileNameWithoutExtension(item.ItemSpec)).ToDictionary(group => group.Key, group => group.First().ItemSpec);
        ResolveEventHandler resolve = (_, wanted) => references.TryGetValue(new AssemblyName(wanted.Name).Name, out string file) ? Load(file) : null;
        AppDomain.CurrentDomain.AssemblyResolve += resolve;
        try
        {
            var visible = new HashSet<string>(Load(Assembly).GetExportedTypes().SelectMany(Names));
            XDocument document = XDocument.Load(Documentation);
            document.Descendants("member").Where(member => !visible.Contains(Key((string)member.Attribute("name")))).Remove();
            Directory.CreateDirectory(Path.GetDirectoryName(Result));
            document.Save(Result);
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyResolve -= resolve;
        }
        return true;
    }

    // From bytes, so that the file stays free for the next build.
    private static Assembly Load(string file) => System.Reflection.Assembly.Load(File.ReadAllBytes(file));

    private static IEnumerable<string> Names(Type type)
    {
        string name = type.FullName.Replace('+', '.');
        yield return "T:" + name;
        foreach (FieldInfo field in type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly))
            yield return $"F:{name}.{field.Name}";
        foreach (PropertyInfo property in type.GetProperties(Declared).Where(property => property.GetAccessors(true).Any(IsVisible)))
            yield return Counted($"P:{name}.{property.Name}", property.GetIndexParameters().Length);
        foreach (EventInfo happening in type.GetEvents(Declared).Where(happening => IsVisible(happening.GetAddMethod(true))))
            yield return $"E:{name}.{happening.Name}";
        foreach (MethodBase method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)).Where(IsVisible))
        {
            string arity = method.IsGenericMethod ? "``" + method.GetGenericArguments().Length : "";
            yield return Counted($"M:{name}.{method.Name.Replace('.', '#')}{arity}", method.GetParameters().Length);
        }
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    // An id of the documentation, with the number of its parameters in place of their types: enough to tell overloads apart here.
    private static string Key(string id)
    {
        int open = id.IndexOf('(');
        if (open < 0)
            return id;
        int depth = 0, parameters = 1;
        foreach (char letter in id.Substring(open))
        {
            depth += letter is '{' or '[' or '(' ? 1 : letter is '}' or ']' or ')' ? -1 : 0;
            parameters += letter == ',' && depth == 1 ? 1 : 0;
        }
        return Counted(id.Substring(0, open), parameters);
    }

    private static string Counted(string name, int parameters) => parameters == 0 ? name : $"{name}({parameters})";
}

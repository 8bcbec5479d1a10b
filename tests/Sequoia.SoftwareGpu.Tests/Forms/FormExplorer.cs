using Sequoia.SoftwareGpu.Lower;

namespace Sequoia.SoftwareGpu.Tests;

/// <summary>
/// Lists every form that the decoder accepts, by asking the decoder: an instruction is decoded while each modifier that it
/// asks for is noted, and then tried. Hints that change no result are left out.
/// </summary>
internal sealed class FormExplorer
{
    private static readonly string[] Hints =
    [
        "L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last", "L1::no_allocate", "L2::cache_hint", "L2::64B", "L2::128B", "L2::256B",
        "ca", "cg", "cs", "lu", "cv", "wb", "wt", "weak", "relaxed", "acquire", "release", "acq_rel", "volatile", "cta", "cluster", "gpu", "sys", "nc", "uni",
        "shared::cta", "param::entry",
    ];

    /// <summary>Every shape of operands that some instruction has. h, r, d: 16, 32, 64 bits; p: a predicate.</summary>
    private static readonly string[][] Shapes = MakeShapes();

    private static readonly System.Text.RegularExpressions.Regex Wanted = new(@"(\d+) operands are expected");

    /// <summary>Shapes that fitted: the next form's is mostly the same.</summary>
    private readonly Stack<string[]> _latest = new();
    private readonly HashSet<string> _accepted = [];
    private readonly HashSet<string> _seen = [];
    private readonly Queue<string[]> _open = new();

    /// <summary>Forms whose opcode is accepted, but none of the shapes: the list of shapes is too short.</summary>
    public List<string> Unshaped { get; } = [];

    public IReadOnlyCollection<string> Accepted => _accepted;

    public void Explore(string name)
    {
        Enqueue([name]);

        // Decoders that look at the last part, or for "cc", before they ask for anything.
        foreach (string type in (string[])["f16", "f16x2", "bf16", "bf16x2", "f32", "f64"])
            Enqueue([name, type]);
        foreach (string type in (string[])["u32", "s32", "u64", "s64"])
            Enqueue([name, "cc", type]);
        foreach (string type in (string[])["u32", "s32", "u64", "s64"])
            Enqueue([name, "lo", "cc", type]);
        while (_open.TryDequeue(out string[]? parts))
            Try(parts);
    }

    private void Enqueue(string[] parts)
    {
        if (parts.Length < 12 && _seen.Add(string.Join('.', parts)))
            _open.Enqueue(parts);
    }

    private void Try(string[] parts)
    {
        List<(int Place, string Modifier)> asked = [];
        bool isRead = false, isForm = false;
        string reason = "";
        int operands = -1;
        foreach (string[] shape in _latest.Count > 0 ? Shapes.Prepend(_latest.Peek()) : Shapes)
        {
            if (operands >= 0 && shape.Length != operands)
                continue;
            asked.Clear();
            isRead = false;
            reason = Decode(parts, shape, (place, modifier) =>
            {
                if (modifier.Length == 0)
                    isRead = true;
                else
                    asked.Add((place, modifier));
            });
            isForm = !reason.Contains("is not a form of");
            if (reason.Length == 0)
                _latest.Push(shape);
            if (reason.Length == 0 || !isForm || reason.Contains("a kernel's parameters cannot be written"))
                break;
            if (Wanted.Match(reason) is { Success: true } match)
                operands = int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        }

        // Parameters in local storage are written by calls; a kernel's own cannot be.
        isForm &= !reason.Contains("a kernel's parameters cannot be written");
        if (reason.Length == 0)
            _accepted.Add(string.Join('.', parts));
        else if (isForm)
            Unshaped.Add($"{string.Join('.', parts)}: {reason}");
        int stuck = asked.Count == 0 ? parts.Length : asked.Max(a => a.Place);
        foreach ((int place, string modifier) in asked)
        {
            bool isMeant = parts[0] is "cp" or "membar" or "fence" && !modifier.Contains("::", StringComparison.Ordinal);
            if ((Hints.Contains(modifier) && !isMeant) || (place < parts.Length && parts[place] == modifier))
                continue;
            if (isRead)
                Enqueue([.. parts[..place], modifier, .. parts[place..]]);
            else if (place == stuck)
                Enqueue([.. parts[..place], modifier]);
        }
    }

    private static string Decode(string[] parts, string[] shape, Action<int, string> asked)
    {
        string ptx = $$"""
            .version 8.4
            .target sm_80
            .address_size 64
            .shared .align 16 .b8 s[64];
            .visible .entry k()
            {
                .reg .b16 %h<9>; .reg .b32 %r<9>; .reg .b64 %d<9>; .reg .pred %p<9>;
                {{string.Join('.', parts)}} {{string.Join(", ", shape)}};
                L: ret;
            }
            """;
        using DeviceMemory memory = new();
        OpcodeReader.Asked = asked;
        try
        {
            PtxModule.Load(ptx, memory).Dispose();
            return "";
        }
        catch (PtxException e)
        {
            return e.Message;
        }
        finally
        {
            OpcodeReader.Asked = null;
        }
    }

    private static string[][] MakeShapes()
    {
        List<string> shapes = ["", "L", "1"];
        string[] registers = ["h", "r", "d"];
        shapes.AddRange(["r", "d", "p|p", "[d]", "d 1.0"]);
        foreach (string to in (string[])[.. registers, "p"])
        {
            foreach (string from in registers)
            {
                shapes.AddRange([$"{to} {from}", $"{to} {from} {from}", $"{to} {from} {from} p", $"{to} {from} {from} {from}", $"{to} {from} {from} {to}", $"{to} {from} {from} r"]);
                shapes.AddRange([$"{to} {from} r", $"{to} {from} r r", $"{to} {from} {from} {from} r"]);
            }
        }

        shapes.AddRange(["p p", "p p p", "p p r", "r p r", "r 0 p", "p 0 p", "0 32", "d d d r r", "r r r r r", "r r r r 0x1b"]);
        foreach (string register in registers)
            shapes.AddRange([$"{register} [d]", $"[d] {register}", $"{register} [d] {register}", $"[d] {register} {register}", $"{register} [d] {register} {register}", $"{{{register},{register}}} [d]", $"[d] {{{register},{register}}}", $"{{{register},{register},{register},{register}}} [d]", $"[d] {{{register},{register},{register},{register}}}"]);
        shapes.AddRange(["[r] [d] 16", "{r} [r]", "{r,r} [r]", "{r,r,r,r} [r]", "{r} [s]", "{r,r,r,r} {r,r,r,r} {r,r} {r,r,r,r}", "{r,r,r,r} {r,r} {r} {r,r,r,r}", "{r,r} {r,r,r,r} {r,r} {r,r}", "{r,r} {r,r} {r} {r,r}"]);
        shapes.AddRange(["32", "p [d] r", "p [d] d", "d [d] r", "[d] [d] r [d]", "[d] [d] r [d] d", "r|p r"]);
        shapes.AddRange(Enumerable.Range(1, 32).Select(n => $"{{{string.Join(',', Enumerable.Repeat("r", 4 * n))}}} d d p 1 -1 0 0"));
        string Name(string item) => System.Text.RegularExpressions.Regex.Replace(item, "[hrdp]", m => $"%{m.Value}1");
        return [.. shapes.Distinct().Select(s => (string[])[.. s.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(item => item.Contains("0x") || item == "[s]" ? item : Name(item))])];
    }
}

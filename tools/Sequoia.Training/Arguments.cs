using System.Globalization;

namespace Sequoia.Training;

/// <summary>The <c>--name value</c> pairs and <c>--flag</c>s behind a subcommand.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = [];
    private readonly HashSet<string> _known = [];

    public Arguments(ReadOnlySpan<string> args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
                throw new UsageException($"'{args[i]}' is not an option; options look like --name value.");
            bool hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            _values[args[i][2..]] = hasValue ? args[++i] : "";
        }
    }

    public bool Flag(string name)
    {
        _known.Add(name);
        return _values.ContainsKey(name);
    }

    public string Text(string name, string fallback)
    {
        _known.Add(name);
        if (!_values.TryGetValue(name, out string? value)) return fallback;
        return value.Length > 0 ? value : throw new UsageException($"--{name} needs a value.");
    }

    public int Integer(string name, int fallback)
    {
        string text = Text(name, fallback.ToString(CultureInfo.InvariantCulture));
        return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) && value >= 0
            ? value
            : throw new UsageException($"--{name} takes a whole number, not '{text}'.");
    }

    public double Number(string name, double fallback)
    {
        string text = Text(name, fallback.ToString(CultureInfo.InvariantCulture));
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= 0
            ? value
            : throw new UsageException($"--{name} takes a number, not '{text}'.");
    }

    /// <summary>Call after the last read: an option nobody asked for is a typing error.</summary>
    public void RejectUnknown()
    {
        foreach (string name in _values.Keys)
        {
            if (!_known.Contains(name)) throw new UsageException($"--{name} is not an option of this command.");
        }
    }
}

using System.Globalization;

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>One conversion in a printf format.</summary>
internal static class PrintFormat
{
    public static string Convert(string flags, char conversion, ulong value, bool isWide, string text)
    {
        bool left = flags.Contains('-'), plus = flags.Contains('+'), alternate = flags.Contains('#');
        string digits = flags.TrimStart('-', '+', ' ', '#', '0').TrimEnd('h', 'l', 'z', 'j', 't');
        bool zeros = flags.TrimStart('-', '+', ' ', '#').StartsWith('0') && !left;
        string[] parts = digits.Split('.');
        int width = parts[0].Length > 0 ? int.Parse(parts[0], CultureInfo.InvariantCulture) : 0;
        int precision = parts.Length > 1 ? int.Parse("0" + parts[1], CultureInfo.InvariantCulture) : -1;
        string result = conversion switch
        {
            'd' or 'i' => Signed(isWide ? (long)value : (int)value, plus),
            'u' => (isWide ? value : (uint)value).ToString(CultureInfo.InvariantCulture),
            'x' => (alternate ? "0x" : "") + value.ToString("x", CultureInfo.InvariantCulture),
            'X' => (alternate ? "0X" : "") + value.ToString("X", CultureInfo.InvariantCulture),
            'o' => System.Convert.ToString((long)value, 8),
            'c' => ((char)(byte)value).ToString(),
            's' => precision >= 0 && precision < text.Length ? text[..precision] : text,
            'p' => "0x" + value.ToString("x", CultureInfo.InvariantCulture),
            _ => Real(BitConverter.UInt64BitsToDouble(value), conversion, precision < 0 ? 6 : precision, plus),
        };
        if (zeros && result.Length < width)
        {
            int sign = result.StartsWith('-') || result.StartsWith('+') ? 1 : 0;
            return result[..sign] + result[sign..].PadLeft(width - sign, '0');
        }

        return left ? result.PadRight(width) : result.PadLeft(width);
    }

    private static string Signed(long value, bool plus) =>
        (plus && value >= 0 ? "+" : "") + value.ToString(CultureInfo.InvariantCulture);

    private static string Real(double value, char conversion, int precision, bool plus)
    {
        string sign = double.IsNegative(value) ? "-" : plus ? "+" : "";
        double magnitude = Math.Abs(value);
        if (double.IsNaN(value))
            return sign + "nan";
        if (double.IsInfinity(value))
            return sign + "inf";
        string result = char.ToLowerInvariant(conversion) switch
        {
            'f' => magnitude.ToString("F" + precision, CultureInfo.InvariantCulture),
            'e' => Exponential(magnitude, precision),
            _ => General(magnitude, precision == 0 ? 1 : precision),
        };
        return sign + (char.IsUpper(conversion) ? result.ToUpperInvariant() : result);
    }

    private static string Exponential(double value, int precision) =>
        value.ToString("0." + new string('0', precision) + "e+00", CultureInfo.InvariantCulture).Replace(".e", "e", StringComparison.Ordinal);

    /// <summary>The shorter of the two notations, without trailing zeros.</summary>
    private static string General(double value, int precision)
    {
        string exponential = Exponential(value, precision - 1);
        int exponent = int.Parse(exponential[(exponential.IndexOf('e') + 1)..], CultureInfo.InvariantCulture);
        if (value != 0 && (exponent < -4 || exponent >= precision))
        {
            string[] parts = exponential.Split('e');
            return (parts[0].Contains('.') ? parts[0].TrimEnd('0').TrimEnd('.') : parts[0]) + "e" + parts[1];
        }

        string plain = value.ToString("F" + (precision - 1 - (value == 0 ? 0 : exponent)), CultureInfo.InvariantCulture);
        return plain.Contains('.') ? plain.TrimEnd('0').TrimEnd('.') : plain;
    }
}

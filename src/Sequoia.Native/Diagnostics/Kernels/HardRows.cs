namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>Rows of logits of the kinds that go wrong.</summary>
internal enum LogitKind
{
    Usual,
    Flat,
    ManyTies,
    SignedZeros,
    OneHot,
    FewFinite,
    PeakedBeyondUnderflow,
    WideRange,
    LargeOffset,
    Descending,
    NearlyEqual,
    ExtremeMagnitudes,
}

internal static class HardRows
{
    public static readonly LogitKind[] Kinds = Enum.GetValues<LogitKind>();

    public static void Fill(Span<float> row, LogitKind kind, Random random)
    {
        for (int token = 0; token < row.Length; token++)
            row[token] = Logit(kind, token, row.Length, random);
        int special = random.Next(row.Length);
        if (kind == LogitKind.OneHot)
            row[special] = random.Next(-3, 3);
        else if (kind == LogitKind.FewFinite)
            row[special] = 1;
        else if (kind == LogitKind.PeakedBeyondUnderflow)
            row[special] = 200;
    }

    /// <summary>Whether kernels refuse a row for a NaN in it. The CPU's greedy choice overlooks one beside numbers.</summary>
    public static bool HasNaN(ReadOnlySpan<float> row)
    {
        foreach (float logit in row)
        {
            if (float.IsNaN(logit))
                return true;
        }
        return false;
    }

    /// <summary>A draft's row that agrees with the target's more or less.</summary>
    public static void FillLike(Span<float> row, ReadOnlySpan<float> other, float difference, Random random)
    {
        for (int token = 0; token < row.Length; token++)
            row[token] = other[token] + (difference * Gauss(random));
    }

    private static float Logit(LogitKind kind, int token, int vocabulary, Random random) => kind switch
    {
        LogitKind.Flat => 0.75f,
        LogitKind.ManyTies => random.Next(-2, 3),
        LogitKind.SignedZeros => random.Next(2) == 0 ? -0f : 0f,
        LogitKind.OneHot => float.NegativeInfinity,
        LogitKind.FewFinite => random.Next(Math.Max(2, vocabulary / 5)) == 0 ? random.Next(4) : float.NegativeInfinity,
        LogitKind.PeakedBeyondUnderflow => Gauss(random),
        LogitKind.WideRange => (float)((random.NextDouble() * 400) - 200),
        LogitKind.LargeOffset => 1_000_000 + (2 * Gauss(random)),
        LogitKind.Descending => -0.01f * token,
        LogitKind.NearlyEqual => 1 + (random.Next(3) * 1.1920929e-7f),
        LogitKind.ExtremeMagnitudes => random.Next(3) switch { 0 => 1e-41f, 1 => -3e37f, _ => Gauss(random) },
        _ => 3 * Gauss(random),
    };

    private static float Gauss(Random random) =>
        (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}

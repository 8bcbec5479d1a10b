namespace Sequoia.Training.Corpus;

/// <summary>Fills training rows of one length with whole documents where it can.</summary>
internal static class RowPacker
{
    /// <summary>
    /// Puts the documents one behind the other into rows of <paramref name="length"/> ids. A document that is cut
    /// by the row's end but would fit in a row of its own starts again in the next one if much of it was lost:
    /// so nearly every row begins with a start token at position 0, as every generation does. A longer document
    /// goes on in the next row (one id twice: it is predicted in one and predicts in the other).
    /// </summary>
    public static List<ushort[]> Pack(IEnumerable<ReadOnlyMemory<ushort>> documents, int length)
    {
        var rows = new List<ushort[]>();
        ushort[] row = new ushort[length];
        int filled = 0;
        foreach (ReadOnlyMemory<ushort> document in documents)
        {
            int placed = 0;
            while (placed < document.Length)
            {
                int take = Math.Min(length - filled, document.Length - placed);
                document.Span.Slice(placed, take).CopyTo(row.AsSpan(filled));
                filled += take;
                placed += take;
                if (filled < length) break;
                rows.Add(row);
                row = new ushort[length];
                filled = 0;
                int left = document.Length - placed;
                if (left == 0) break;
                if (document.Length > length) placed--;
                else if (4 * left > document.Length) placed = 0;
                else break;
            }
        }

        return rows;
    }
}

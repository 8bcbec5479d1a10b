using Sequoia.Training.Corpus;

namespace Sequoia.Training.Tests;

internal sealed class CorpusTests
{
    [TestCase("“Hi,” he said — it’s…", "\"Hi,\" he said -- it's...")]
    [TestCase("â€œHiâ€\u009d", "\"Hi\"\u009d")]
    [TestCase("a  b \n\n  c\r\n", "a b\nc")]
    public void Cleans_odd_characters(string text, string clean) => Assert.That(TextCleaner.Clean(text), Is.EqualTo(clean));

    [Test]
    public void About_one_text_in_fifty_is_held_out()
    {
        int heldOut = Enumerable.Range(0, 10000).Count(i => CorpusReader.IsHeldOut($"story number {i}"));
        Assert.That(heldOut, Is.InRange(140, 260));
    }

    [Test]
    public void A_cut_document_that_fits_a_row_starts_again()
    {
        List<ushort[]> rows = RowPacker.Pack([Document(1, 3), Document(11, 4), Document(21, 3)], 5);
        Assert.That(rows[0], Is.EqualTo(new ushort[] { 1, 2, 3, 11, 12 }));
        Assert.That(rows[1], Is.EqualTo(new ushort[] { 11, 12, 13, 14, 21 }));
    }

    [Test]
    public void A_long_document_goes_on_with_the_id_it_stopped_at()
    {
        List<ushort[]> rows = RowPacker.Pack([Document(1, 9)], 5);
        Assert.That(rows, Is.EqualTo(new[] { new ushort[] { 1, 2, 3, 4, 5 }, [5, 6, 7, 8, 9] }));
    }

    private static ReadOnlyMemory<ushort> Document(int first, int count) =>
        Enumerable.Range(first, count).Select(i => (ushort)i).ToArray();
}

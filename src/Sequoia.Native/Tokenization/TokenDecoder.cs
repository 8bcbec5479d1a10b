using System.Buffers;
using System.Text;
using Sequoia.Native.Tokenization;

namespace Sequoia.Native;

/// <summary>
/// Converts ids to text one by one. It never returns part of a character: bytes of an incomplete character are held back until
/// it is complete. All returned strings joined, <see cref="Flush"/> last, equal <see cref="Tokenizer.Decode"/> of all ids.
/// Created by <see cref="Tokenizer.CreateDecoder()"/>; one decoder serves one text and one thread.
/// </summary>
public sealed class TokenDecoder
{
    private readonly DecodingTable _table;
    private readonly StringBuilder _text = new();
    private readonly byte[] _pending = new byte[4];
    private int _pendingCount;
    private int _spacesToDrop;
    private bool _first = true;

    internal TokenDecoder(DecodingTable table)
    {
        _table = table;
        _spacesToDrop = table.LeadingSpacesDropped;
    }

    /// <summary>
    /// Takes the next id and returns the text that is now final, which may be empty. Special tokens and ids outside the
    /// vocabulary return nothing.
    /// </summary>
    public string Append(int id)
    {
        Add(id);
        return Take();
    }

    /// <summary>Ends the text: bytes still held back become U+FFFD, the replacement character.</summary>
    public string Flush()
    {
        if (_pendingCount > 0)
            EmitReplacement(_pendingCount);
        _pendingCount = 0;
        return Take();
    }

    internal void Add(int id)
    {
        if (!_table.GivesText(id))
            return;
        ReadOnlySpan<byte> bytes = _first && _table.FirstBytes is { } firstBytes ? firstBytes(id) : _table.BytesOf(id);
        _first = false;
        foreach (byte value in bytes)
            Add(value);
    }

    private void Add(byte value)
    {
        _pending[_pendingCount++] = value;
        while (_pendingCount > 0)
        {
            OperationStatus status = Rune.DecodeFromUtf8(_pending.AsSpan(0, _pendingCount), out Rune rune, out int consumed);
            if (status == OperationStatus.NeedMoreData)
                return;
            // Text pieces begin with a new character, so incomplete bytes before one are flushed here too.
            if (status == OperationStatus.Done)
                Emit(rune);
            else
                EmitReplacement(consumed);
            _pending.AsSpan(consumed, _pendingCount - consumed).CopyTo(_pending);
            _pendingCount -= consumed;
        }
    }

    private void EmitReplacement(int byteCount)
    {
        for (int i = 0; i < (_table.ReplacesEachByte ? byteCount : 1); i++)
            Emit(Rune.ReplacementChar);
    }

    private void Emit(Rune rune)
    {
        if (_spacesToDrop > 0)
        {
            _spacesToDrop--;
            if (rune.Value == ' ')
                return;
            _spacesToDrop = 0;
        }
        Span<char> chars = stackalloc char[2];
        _text.Append(chars[..rune.EncodeToUtf16(chars)]);
    }

    internal string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }
}

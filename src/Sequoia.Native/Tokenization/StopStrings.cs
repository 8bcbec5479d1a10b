namespace Sequoia.Native.Tokenization;

/// <summary>
/// Finds the first of several strings to be complete in a text that arrives in pieces, and holds back what may be the beginning of one. Uses the
/// automaton of Aho and Corasick (1975), whose state after a text is its longest suffix that is a prefix of one of the strings. The result does
/// not depend on the pieces. If two strings end at the same position, the longer one counts. One object serves one text.
/// </summary>
internal sealed class StopStrings
{
    private readonly List<Node> _nodes = [new(0)];
    private string _held = "";
    private int _state;

    /// <param name="strings">Not empty, each valid UTF-16; compared by ordinal.</param>
    public StopStrings(IReadOnlyList<string> strings)
    {
        foreach (string text in strings)
            Add(text);
        // By level, since a node's failure link is closer to the root than the node.
        var queue = new Queue<int>([0]);
        while (queue.TryDequeue(out int parent))
        {
            foreach ((char c, int child) in _nodes[parent].Next)
            {
                Node node = _nodes[child];
                node.Failure = parent == 0 ? 0 : Follow(_nodes[parent].Failure, c);
                node.Found ??= _nodes[node.Failure].Found;
                queue.Enqueue(child);
            }
        }
    }

    /// <summary>The string that ended the text; null if none has.</summary>
    public string? Found { get; private set; }

    /// <summary>Takes the next piece and returns the text that is now final: up to a stop string, or to the possible beginning of one.</summary>
    public string Append(string piece)
    {
        if (Found is not null)
            return "";
        for (int i = 0; i < piece.Length; i++)
        {
            _state = Follow(_state, piece[i]);
            if (_nodes[_state].Found is { } found)
            {
                Found = found;
                // The string began in the held-back text, which is never shorter than the part of the string seen so far.
                return (_held + piece[..(i + 1)])[..^found.Length];
            }
        }
        string text = _held + piece;
        int certain = text.Length - _nodes[_state].Depth;
        _held = text[certain..];
        return text[..certain];
    }

    /// <summary>Ends the text: the held-back text is part of it.</summary>
    public string Flush()
    {
        string held = Found is null ? _held : "";
        _held = "";
        return held;
    }

    private void Add(string text)
    {
        int at = 0;
        foreach (char c in text)
        {
            if (!_nodes[at].Next.TryGetValue(c, out int next))
            {
                next = _nodes.Count;
                _nodes[at].Next.Add(c, next);
                _nodes.Add(new Node(_nodes[at].Depth + 1));
            }
            at = next;
        }
        _nodes[at].Found = text;
    }

    private int Follow(int state, char c)
    {
        while (true)
        {
            if (_nodes[state].Next.TryGetValue(c, out int next))
                return next;
            if (state == 0)
                return 0;
            state = _nodes[state].Failure;
        }
    }

    private sealed class Node(int depth)
    {
        public int Depth { get; } = depth;

        public Dictionary<char, int> Next { get; } = [];

        public int Failure { get; set; }

        /// <summary>The longest string that ends here.</summary>
        public string? Found { get; set; }
    }
}

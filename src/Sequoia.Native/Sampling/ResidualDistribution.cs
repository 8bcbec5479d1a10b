namespace Sequoia.Native.Sampling;

/// <summary>
/// The verifier's state at one node (sequoia.md 4) in water-level form: after any rejections the residual distribution is
/// proportional to max(P - C Q, 0) with one scalar C, so P and Q need no renormalising.
/// P and Q are consumed: rejected tokens become 0 in both.
/// </summary>
internal unsafe ref struct ResidualDistribution
{
    // Below this the residual is rounding noise: rejecting had probability Z, so such a state does not occur in practice.
    private const float NoMass = 1e-30f;

    private readonly VocabularyKernels _kernels;
    private readonly SamplingScratch _scratch;
    private readonly float* _p;
    private readonly float* _q;
    private readonly bool _withReplacement;
    private float _level;
    private float _residualMass = 1;
    private float _draftMass = 1;
    private int _rejected;
    private int _likeliestRejected = -1;
    private float _likeliestMass = -1;
    private bool _exhausted;

    /// <param name="kernels">The vocabulary passes.</param>
    /// <param name="p">The target's distribution.</param>
    /// <param name="q">The draft's distribution, which the children were drawn from.</param>
    /// <param name="withReplacement">Whether every child was drawn from all of Q (SpecInfer): then D = Q and W = 1 for all of them.</param>
    /// <param name="scratch">Working memory.</param>
    public ResidualDistribution(VocabularyKernels kernels, float* p, float* q, bool withReplacement, SamplingScratch scratch)
    {
        _kernels = kernels;
        _scratch = scratch;
        _p = p;
        _q = q;
        _withReplacement = withReplacement;
    }

    /// <summary>Accepts with probability min(1, R(s) / D(s)): strict, with a coin inside (0, 1), so that an impossible token never passes.</summary>
    public readonly bool Accepts(int token, float coin)
    {
        float residual = MathF.Max(MathF.FusedMultiplyAdd(-_level, _q[token], _p[token]), 0);
        return !_exhausted && residual / _residualMass > coin * _q[token] / _draftMass;
    }

    /// <summary>
    /// Removes a rejected child: R becomes normalise(max(R - D, 0)), which has no mass there, since R(s) was less than D(s). Without
    /// replacement, D loses the token; with replacement, D stays Q, and a second copy is never accepted.
    /// </summary>
    public void Reject(int token)
    {
        _scratch.Rejected[_rejected++] = token;
        if (_p[token] > _likeliestMass)
            (_likeliestRejected, _likeliestMass) = (token, _p[token]);
        _p[token] = 0;
        _q[token] = 0;
        if (_exhausted)
            return;
        _level += _residualMass / _draftMass;
        // Summed again over the survivors: 1 - q would keep no digits of the remaining mass of a peaked draft.
        if (!_withReplacement)
            _draftMass = TiledSum.Of(_q, _scratch.Padded, _scratch.Tiles);
        _kernels.Residual(_p, _level, _q, _scratch.Row, _scratch.Padded);
        _residualMass = TiledSum.Of(_scratch.Row, _scratch.Padded, _scratch.Tiles);
        if (_residualMass <= NoMass)
            _exhausted = true;
        else if (_draftMass <= 0)
            FallBackToUniform();
    }

    /// <summary>The residual distribution, not normalised: max(P - C Q, 0). Valid until the next call.</summary>
    public readonly float* Weights()
    {
        _kernels.Residual(_p, _exhausted ? 0 : _level, _q, _scratch.Row, _scratch.Padded);
        return _scratch.Row;
    }

    /// <summary>Draws from the residual distribution.</summary>
    public readonly int Sample(RandomKey random, int node, RandomPurpose purpose)
    {
        int token = TokenDistribution.Sample(_kernels, Weights(), random, node, purpose, _scratch);
        // All of P's mass was on rejected tokens: a rounding error rejected a certain token (about once in 10^7 times).
        return token >= 0 ? token : _likeliestRejected;
    }

    /// <summary>The draft has no mass left: further children were drawn uniformly, so D is uniform over the tokens not rejected.</summary>
    private void FallBackToUniform()
    {
        _kernels.Multiply(_scratch.Row, 1 / _residualMass, _scratch.Padded);
        Buffer.MemoryCopy(_scratch.Row, _p, sizeof(float) * (long)_scratch.Padded, sizeof(float) * (long)_scratch.Padded);
        new Span<float>(_q, _scratch.Vocabulary).Fill(1);
        for (int i = 0; i < _rejected; i++)
            (_p[_scratch.Rejected[i]], _q[_scratch.Rejected[i]]) = (0, 0);
        (_level, _residualMass, _draftMass) = (0, 1, _scratch.Vocabulary - _rejected);
    }
}

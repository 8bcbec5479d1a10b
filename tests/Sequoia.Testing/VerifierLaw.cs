namespace Sequoia.Testing;

/// <summary>
/// The verification rules (docs/compare.md) with exact fractions, Sequoia's written down twice, and the law of their output found by
/// enumerating every order in which children can be drawn.
/// </summary>
internal static class VerifierLaw
{
    /// <summary>One rule at one node: how likely the next child is accepted, what a rejection does, what is left.</summary>
    public interface IRule
    {
        Rational AcceptanceProbability(int token);

        void Reject(int token);

        Rational[] Rest();
    }

    /// <summary>As the paper states it: R and D renormalised after every rejection.</summary>
    public sealed class Stated(Rational[] p, Rational[] q) : IRule
    {
        private readonly HashSet<int> _rejected = [];
        private Rational[] _r = p, _d = q;

        public Rational AcceptanceProbability(int token) => _d[token] > Rational.Zero ? Rational.Min(_r[token] / _d[token], Rational.One) : Rational.One;

        public void Reject(int token)
        {
            _r = Normalise([.. _r.Zip(_d, (r, d) => r > d ? r - d : Rational.Zero)]);
            _rejected.Add(token);
            _d = [.. _d.Select((d, x) => _rejected.Contains(x) ? Rational.Zero : d)];
            if (Rational.Sum(_d) == Rational.Zero)
                _d = [.. _d.Select((_, x) => _rejected.Contains(x) ? Rational.Zero : Rational.One)];
            _d = Normalise(_d);
        }

        public Rational[] Rest() => _r;
    }

    /// <summary>In water-level form: R proportional to max(P - C Q, 0).</summary>
    public sealed class WaterLevel(Rational[] p, Rational[] q) : IRule
    {
        private readonly HashSet<int> _rejected = [];
        private Rational[] _p = p, _q = q;
        private Rational _level = Rational.Zero, _residualMass = Rational.One, _draftMass = Rational.One;

        public Rational AcceptanceProbability(int token) => _q[token] > Rational.Zero
            ? Rational.Min(Weight(token) / _residualMass / (_q[token] / _draftMass), Rational.One) : Rational.One;

        public void Reject(int token)
        {
            _rejected.Add(token);
            _level += _residualMass / _draftMass;
            _draftMass = Rational.Sum(_q.Where((_, x) => !_rejected.Contains(x)));
            _residualMass = Rational.Sum(Enumerable.Range(0, _p.Length).Select(Weight));
            if (_draftMass != Rational.Zero)
                return;
            _p = [.. Enumerable.Range(0, _p.Length).Select(x => Weight(x) / _residualMass)];
            _q = [.. _q.Select((_, x) => _rejected.Contains(x) ? Rational.Zero : Rational.One)];
            (_level, _residualMass, _draftMass) = (Rational.Zero, Rational.One, Rational.Sum(_q));
        }

        public Rational[] Rest() => Normalise([.. Enumerable.Range(0, _p.Length).Select(Weight)]);

        private Rational Weight(int x)
        {
            Rational weight = _p[x] - (_level * _q[x]);
            return !_rejected.Contains(x) && weight > Rational.Zero ? weight : Rational.Zero;
        }
    }

    /// <summary>SpecInfer's rule: Q stays as it is.</summary>
    public sealed class SpecInfer(Rational[] p, Rational[] q) : IRule
    {
        private Rational[] _r = p;

        public Rational AcceptanceProbability(int token) => Rational.Min(_r[token] / q[token], Rational.One);

        public void Reject(int token) => _r = Normalise([.. _r.Zip(q, (r, d) => r > d ? r - d : Rational.Zero)]);

        public Rational[] Rest() => _r;
    }

    /// <summary>The target draws alone: that it drew a child, given that it drew none of those before, and what is left else.</summary>
    public sealed class TargetOnly(Rational[] p) : IRule
    {
        private Rational[] _r = p;

        public Rational AcceptanceProbability(int token) => _r[token];

        public void Reject(int token) => _r = Normalise([.. _r.Select((r, x) => x == token ? Rational.Zero : r)]);

        public Rational[] Rest() => _r;
    }

    /// <summary>A rule that looks right and is not: the residual is taken with D after the rejected token has left it.</summary>
    public sealed class Wrong(Rational[] p, Rational[] q) : IRule
    {
        private Rational[] _r = p, _d = q;

        public Rational AcceptanceProbability(int token) => Rational.Min(_r[token] / _d[token], Rational.One);

        public void Reject(int token)
        {
            _d = Normalise([.. _d.Select((d, x) => x == token ? Rational.Zero : d)]);
            Rational[] rest = [.. _r.Zip(_d, (r, d) => r > d ? r - d : Rational.Zero)];
            _r = Rational.Sum(rest) > Rational.Zero ? Normalise(rest) : _r;
        }

        public Rational[] Rest() => _r;
    }

    /// <summary>The law of the output, and how likely each child rank is accepted, when so many children are drawn without replacement.</summary>
    public static (Rational[] Output, Rational[] Accepted) Enumerate(Rational[] q, int children, Func<IRule> rule) =>
        Enumerate(q.Length, children, Orders(q, children), rule);

    /// <summary>The same for children that come in these orders.</summary>
    public static (Rational[] Output, Rational[] Accepted) Enumerate(
        int tokens, int children, IEnumerable<(int[] Order, Rational Probability)> orders, Func<IRule> rule)
    {
        Rational[] output = new Rational[tokens], accepted = new Rational[children];
        Array.Fill(output, Rational.Zero);
        Array.Fill(accepted, Rational.Zero);
        foreach ((int[] order, Rational probability) in orders)
        {
            IRule state = rule();
            Rational reached = probability;
            for (int rank = 0; rank < order.Length && reached > Rational.Zero; rank++)
            {
                Rational accept = state.AcceptanceProbability(order[rank]);
                output[order[rank]] += reached * accept;
                accepted[rank] += reached * accept;
                reached *= Rational.One - accept;
                if (reached > Rational.Zero)
                    state.Reject(order[rank]);
            }
            if (reached > Rational.Zero)
                output = [.. output.Zip(state.Rest(), (o, r) => o + (reached * r))];
        }
        return (output, accepted);
    }

    /// <summary>Every order of children with its probability; tokens without mass come last, uniformly.</summary>
    public static IEnumerable<(int[] Order, Rational Probability)> Orders(Rational[] q, int children)
    {
        if (children == 0)
        {
            yield return ([], Rational.One);
            yield break;
        }
        foreach ((int[] order, Rational probability) in Orders(q, children - 1))
        {
            Rational[] left = [.. q.Select((weight, x) => order.Contains(x) ? Rational.Zero : weight)];
            if (Rational.Sum(left) == Rational.Zero)
                left = [.. q.Select((_, x) => order.Contains(x) ? Rational.Zero : Rational.One)];
            left = Normalise(left);
            for (int x = 0; x < q.Length; x++)
            {
                if (left[x] > Rational.Zero)
                    yield return ([.. order, x], probability * left[x]);
            }
        }
    }

    /// <summary>Every sequence of children drawn with replacement, with its probability.</summary>
    public static IEnumerable<(int[] Order, Rational Probability)> Sequences(Rational[] q, int children) => children == 0
        ? [([], Rational.One)]
        : Sequences(q, children - 1).SelectMany(s => Enumerable.Range(0, q.Length).Where(x => q[x] > Rational.Zero)
            .Select(x => ((int[])[.. s.Order, x], s.Probability * q[x])));

    public static Rational[] Normalise(Rational[] weights)
    {
        Rational sum = Rational.Sum(weights);
        return [.. weights.Select(w => w / sum)];
    }
}

namespace Sequoia.Native.Tests.Planning;

internal sealed class CostCurveTests
{
    [TestCase(0.5, 10)]
    [TestCase(1, 10)]
    [TestCase(2, 11)]
    [TestCase(3, 12)]
    [TestCase(5, 20)]
    [TestCase(9, 36, TestName = "Past the last point its line goes on")]
    public void Straight_lines_join_the_medians(double rows, double seconds) =>
        Assert.That(Curve((1, 10), (3, 12), (5, 20)).At(rows), Is.EqualTo(seconds).Within(1e-12));

    [Test]
    public void A_pass_over_more_rows_never_takes_less()
    {
        CostCurve curve = Curve((1, 10), (2, 14), (3, 12), (4, 11), (5, 20), (6, 19));
        Assert.That(Enumerable.Range(1, 6).Select(n => curve.At(n)), Is.EqualTo(new[] { 10, 37.0 / 3, 37.0 / 3, 37.0 / 3, 19.5, 19.5 }).Within(1e-12));
        Assert.That(curve.Points[2].Median, Is.EqualTo(12), "what was measured stays");
    }

    [Test]
    public void One_point_is_a_level_line() => Assert.That(Curve((4, 3)).At(64), Is.EqualTo(3));

    [Test]
    public void Bad_points_are_refused()
    {
        Assert.That(() => new CostCurve([]), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => Curve((0, 1)), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => Curve((2, 1), (2, 2)), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => Curve((1, 0)), Throws.InstanceOf<InvalidInputException>());
        Assert.That(() => Curve((1, double.NaN)), Throws.InstanceOf<InvalidInputException>());
    }

    private static CostCurve Curve(params (int Rows, double Seconds)[] points) =>
        new([.. points.Select(p => new CostPoint(p.Rows, p.Seconds, p.Seconds, p.Seconds))]);
}

using Sequoia.Native.Backends.Cuda;
using Sequoia.Native.Backends.Cuda.Checks;
using Sequoia.SoftwareGpu;

namespace Sequoia.Kernels.Tests.Linear;

/// <summary>What every sound build of the linear layers passes, and each mutant must fail somewhere.</summary>
internal static class MatMulChecks
{
    // Three splits of nine blocks: with two, any order of adding up gives the same bits, and behind four or eight the ring begins where it ended.
    private const int ThreeSplits = 1683;

    /// <summary>Sizes for all four kinds: one tile of rows and several, one split and several. Those that need few kernels to be compiled come first.</summary>
    public static IEnumerable<MatMulCase> SmallCases(Element element)
    {
        yield return new(MatMulKind.Plain, element, 5, 67, 203, 1);
        yield return new(MatMulKind.Add, element, 3, 150, ThreeSplits, 2);
        yield return new(MatMulKind.SiluMul, element, 7, 2 * 37, ThreeSplits, 3);
        yield return MatMulCase.Rope(element, 7, 6, 2, 24, 340, 4);
        yield return new(MatMulKind.Plain, element, 1, 130, 8, 6);
        yield return new(MatMulKind.Add, element, 33, 45, ThreeSplits, 2) { FirstNormed = 20 };
        yield return MatMulCase.Rope(element, 70, 4, 1, 8, 100, 5);
        yield return new(MatMulKind.SiluMul, element, 19, 2 * 37, 150, 3);
        yield return new(MatMulKind.Plain, element, 130, 20, 70, 7);
    }

    public static void All(KernelLaunchers kernels)
    {
        foreach (MatMulCase sizes in SmallCases(Element.F16))
        {
            using MatMulProblem problem = kernels.MatMul(sizes);
            ProblemCheck.Kernel(problem);
        }
        Inspect(kernels, Element.F16, Schedule.Random, 1);
        using MatMulProblem sums = kernels.MatMul(new MatMulCase(MatMulKind.Add, Element.F16, 8, 140, ThreeSplits, 7));
        SameBitsInAnyOrder(sums);
        SameBitsInAnyCompany(kernels, new MatMulCase(MatMulKind.Plain, Element.F16, 9, 70, ThreeSplits, 9), 1, 8);
        foreach (bool inTurn in (bool[])[false, true])
            CountersAreAsStated(kernels, new MatMulCase(MatMulKind.Plain, Element.F16, 8, 128, 1024, 8), inTurn);
    }

    public static void Twin(KernelLaunchers kernels)
    {
        foreach (MatMulCase sizes in SmallCases(Element.BF16))
        {
            using MatMulProblem problem = kernels.MatMul(sizes);
            ProblemCheck.Twin(problem);
        }
    }

    /// <summary>All kinds under all checks.</summary>
    public static void Inspect(KernelLaunchers kernels, Element element, Schedule schedule, int seed)
    {
        using var _ = new Launching(Launching.Checked(schedule, seed));
        foreach (MatMulCase sizes in SmallCases(element))
        {
            using MatMulProblem problem = kernels.MatMul(sizes), inTurn = kernels.MatMul(sizes, inTurn: true);
            ProblemCheck.Kernel(problem);
            if (sizes.Shape.Splits > 1)
                ProblemCheck.Kernel(inTurn);
        }
    }

    /// <summary>Whoever arrives last, the splits are added up in the same order.</summary>
    public static void SameBitsInAnyOrder(MatMulProblem problem)
    {
        uint[][]? expected = null;
        for (ulong seed = 0; seed < 6; seed++)
        {
            using var _ = new Launching(new LaunchOptions { Schedule = Schedule.Random, Seed = seed });
            problem.Reset();
            problem.Launch();
            uint[][] found = problem.Outputs();
            expected ??= found;
            for (int row = 0; row < found.Length; row++)
                Same(problem.Shape, row, found[row], expected[row]);
        }
    }

    /// <summary>A row's bits do not depend on the other rows, on its place among them, on their number, or on who sums the splits.</summary>
    /// <param name="kernels">The kernels.</param>
    /// <param name="sizes">Of all rows.</param>
    /// <param name="counts">Of the rows to try, besides all of them.</param>
    public static void SameBitsInAnyCompany(KernelLaunchers kernels, MatMulCase sizes, params ReadOnlySpan<int> counts)
    {
        MatMulInputs all = MatMulInputs.Random(sizes);
        using MatMulProblem together = kernels.MatMul(all);
        together.Launch();
        uint[][] expected = together.Outputs();
        using MatMulProblem inTurn = kernels.MatMul(all, inTurn: true);
        inTurn.Launch();
        uint[][] one = inTurn.Outputs();
        for (int row = 0; row < sizes.Rows; row++)
            Same($"{inTurn.Shape}, splits in turn", row, one[row], expected[row]);
        var random = new Random(sizes.Seed);
        foreach (int count in counts)
        {
            int[] chosen = [.. Enumerable.Range(0, sizes.Rows).OrderBy(_ => random.Next()).Take(count)];
            using MatMulProblem some = kernels.MatMul(all.Choose(chosen));
            some.Launch();
            uint[][] found = some.Outputs();
            for (int i = 0; i < count; i++)
                Same(some.Shape, chosen[i], found[i], expected[chosen[i]]);
        }
    }

    /// <summary>The formulas of matmul.cu's header.</summary>
    public static KernelProfile CountersAreAsStated(KernelLaunchers kernels, MatMulCase sizes, bool inTurn = false)
    {
        using var _ = new Launching(new LaunchOptions { Counters = true });
        using MatMulProblem problem = kernels.MatMul(sizes, inTurn);
        KernelProfile profile = ProblemCheck.Kernel(problem).Single().Profile!;
        TestContext.Out.WriteLine($"{problem.Shape}: {problem.Bytes} bytes\n{profile.ToTable()}");
        long asked = MatMulTraffic.Of(sizes, problem.Grid, kernels.Products);
        if (profile.Total.GlobalBytes != asked)
            throw new KernelFault($"{problem.Shape}: asks for {profile.Total.GlobalBytes} bytes, stated are {asked}");
        // Besides: nodes of other rows in the same word, and where the prefix is.
        if (profile.DistinctGlobalBytes > 1.02 * (problem.Bytes + MatMulTraffic.Padding(sizes)))
            throw new KernelFault($"{problem.Shape}: touches {profile.DistinctGlobalBytes} bytes of {problem.Bytes}");
        if (profile.Total.SharedWavefronts > 1.02 * profile.Total.SharedIdealWavefronts)
            throw new KernelFault($"{problem.Shape}: {profile.Total.SharedWavefronts} shared wavefronts, ideal are {profile.Total.SharedIdealWavefronts}");
        return profile;
    }

    private static void Same(string shape, int row, uint[] found, uint[] expected)
    {
        if (!found.AsSpan().SequenceEqual(expected))
            throw new KernelFault($"{shape}: other bits in row {row}");
    }
}

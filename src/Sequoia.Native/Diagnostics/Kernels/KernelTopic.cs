namespace Sequoia.Native.Diagnostics.Kernels;

/// <summary>How problems of one of the engine's kernels are made.</summary>
/// <param name="Name">The source's name.</param>
/// <param name="NeedsTensorCores">Whether it takes compute capability 8.0.</param>
/// <param name="Random">A problem of any sizes from a seed.</param>
/// <param name="Typical">Problems of the sizes of a model; each is made when it is come to.</param>
internal sealed record KernelTopic(
    string Name, bool NeedsTensorCores, Func<KernelLaunchers, int, KernelProblem> Random, Func<KernelLaunchers, TypicalSizes, IEnumerable<KernelProblem>> Typical)
{
    /// <summary>In the order of a step.</summary>
    public static IReadOnlyList<KernelTopic> All { get; } =
    [
        new("embed", false, (launchers, seed) => EmbedProblem.Random(seed, launchers.Of(seed)), TypicalProblems.Embed),
        new("rms_norm", false, (launchers, seed) => RmsNormProblem.Random(seed, launchers.Of(seed)), TypicalProblems.RmsNorm),
        new("matmul", true, (launchers, seed) => launchers.MatMul(MatMulInputs.Random(MatMulCase.Random(seed)), inTurn: seed / 5 % 2 == 0), TypicalProblems.MatMul),
        new("matmul_scalar", false, (launchers, seed) => launchers.MatMulScalar(MatMulInputs.Random(MatMulCase.Random(seed))), TypicalProblems.MatMulScalar),
        new("attend", true, (launchers, seed) => AttendProblem.Random(seed, launchers.Of(seed)), TypicalProblems.Attend),
        new("attend_scalar", false, (launchers, seed) => AttendProblem.RandomScalar(seed, launchers.Of(seed)), TypicalProblems.AttendScalar),
        new("draw_children", false, (launchers, seed) => DrawChildrenProblem.Random(seed, launchers.Any), TypicalProblems.DrawChildren),
        new("verify_tree", false, (launchers, seed) => VerifyTreeProblem.Random(seed, launchers.Any), TypicalProblems.VerifyTree),
        new("compact_kv", false, (launchers, seed) => CompactKvProblem.Random(seed, launchers.Any), TypicalProblems.CompactKv),
        new("advance_step", false, (launchers, seed) => new AdvanceStepProblem(launchers.Any, seed), TypicalProblems.AdvanceStep),
    ];
}

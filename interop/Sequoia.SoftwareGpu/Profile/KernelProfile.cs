using System.Globalization;
using System.Text;

namespace Sequoia.SoftwareGpu;

/// <summary>Counts of a launch, or of the instructions of one source line.</summary>
public sealed record ExecutionCounts
{
    /// <summary>Instructions executed by warps.</summary>
    public long WarpInstructions { get; internal set; }

    /// <summary>Instructions executed by threads. Guarded-off threads count, except at branches.</summary>
    public long LaneInstructions { get; internal set; }

    /// <summary>Floating-point operations: an addition or product is one, a fused one two; mma included.</summary>
    public long Flops { get; internal set; }

    /// <summary>Tensor-core instructions.</summary>
    public long Mma { get; internal set; }

    /// <summary>Accesses of warps to global memory.</summary>
    public long GlobalRequests { get; internal set; }

    /// <summary>Sectors of 32 bytes that these accesses touched.</summary>
    public long GlobalSectors { get; internal set; }

    /// <summary>Bytes that threads asked for in global memory.</summary>
    public long GlobalBytes { get; internal set; }

    /// <summary>Accesses of warps to shared memory.</summary>
    public long SharedRequests { get; internal set; }

    /// <summary>Passes that these accesses take, bank conflicts included. A model for accesses wider than a word.</summary>
    public long SharedWavefronts { get; internal set; }

    /// <summary>Passes they would take without conflicts.</summary>
    public long SharedIdealWavefronts { get; internal set; }

    /// <summary>Barriers that warps arrived at.</summary>
    public long Barriers { get; internal set; }

    /// <summary>The mean share of a warp's 32 lanes that took part.</summary>
    public double LaneEfficiency => WarpInstructions == 0 ? 1 : LaneInstructions / (32.0 * WarpInstructions);

    internal void Add(ExecutionCounts other)
    {
        WarpInstructions += other.WarpInstructions;
        LaneInstructions += other.LaneInstructions;
        Flops += other.Flops;
        Mma += other.Mma;
        GlobalRequests += other.GlobalRequests;
        GlobalSectors += other.GlobalSectors;
        GlobalBytes += other.GlobalBytes;
        SharedRequests += other.SharedRequests;
        SharedWavefronts += other.SharedWavefronts;
        SharedIdealWavefronts += other.SharedIdealWavefronts;
        Barriers += other.Barriers;
    }
}

/// <summary>The counts of one line of source.</summary>
/// <param name="File">The source file; "PTX" where the PTX names none, with PTX lines.</param>
/// <param name="Line">The line.</param>
/// <param name="Counts">What its instructions did.</param>
public sealed record LineProfile(string File, int Line, ExecutionCounts Counts);

/// <summary>What a launch executed and moved. Counts, never time.</summary>
public sealed class KernelProfile
{
    /// <summary>The kernel's name.</summary>
    public required string Kernel { get; init; }

    /// <summary>Blocks of the grid.</summary>
    public required long Blocks { get; init; }

    /// <summary>Threads of a block.</summary>
    public required int ThreadsPerBlock { get; init; }

    /// <summary>Shared memory of a block, static and dynamic.</summary>
    public required int SharedBytesPerBlock { get; init; }

    /// <summary>The sums.</summary>
    public required ExecutionCounts Total { get; init; }

    /// <summary>Warp instructions by class: the part of the opcode before the first dot, grouped.</summary>
    public required IReadOnlyDictionary<string, long> ByClass { get; init; }

    /// <summary>The source lines in order of file and line.</summary>
    public required IReadOnlyList<LineProfile> Lines { get; init; }

    /// <summary>Bytes of global memory that the launch touched at least once, in whole words.</summary>
    public required long DistinctGlobalBytes { get; init; }

    /// <summary>Instructions executed by threads.</summary>
    public long LaneInstructions => Total.LaneInstructions;

    /// <summary>The theoretical occupancy of a multiprocessor.</summary>
    /// <param name="registersPerThread">Registers of a thread, as the real assembler reports them.</param>
    /// <param name="limits">The multiprocessor; null for compute capability 8.0.</param>
    /// <returns>Blocks and warps that fit, and what limits them.</returns>
    public Occupancy OccupancyFor(int registersPerThread, MultiprocessorLimits? limits = null) =>
        Occupancy.Compute(registersPerThread, ThreadsPerBlock, SharedBytesPerBlock, limits ?? MultiprocessorLimits.Sm80);

    /// <summary>The profile as JSON.</summary>
    /// <returns>One object.</returns>
    public string ToJson() => Profile.ProfileText.Json(this);

    /// <summary>The profile as a table for people: sums, classes, and the lines that execute most.</summary>
    /// <returns>Text with line ends.</returns>
    public string ToTable()
    {
        StringBuilder text = new();
        CultureInfo culture = CultureInfo.InvariantCulture;
        text.AppendLine(culture, $"{Kernel}: {Blocks} blocks of {ThreadsPerBlock} threads, {SharedBytesPerBlock} bytes shared");
        text.AppendLine(culture, $"  warp instructions {Total.WarpInstructions}, lane efficiency {Total.LaneEfficiency:P1}, flops {Total.Flops}, mma {Total.Mma}, barriers {Total.Barriers}");
        text.AppendLine(culture, $"  global: {Total.GlobalRequests} requests, {Total.GlobalSectors} sectors, {Total.GlobalBytes} bytes asked for, {DistinctGlobalBytes} distinct");
        text.AppendLine(culture, $"  shared: {Total.SharedRequests} requests, {Total.SharedWavefronts} wavefronts, {Total.SharedIdealWavefronts} without conflicts");
        foreach ((string name, long count) in ByClass.OrderByDescending(c => c.Value))
            text.AppendLine(culture, $"    {name,-12} {count,14}");
        text.AppendLine("  line                        warp instr   lanes   sectors  wavefronts   ideal");
        foreach (LineProfile line in Lines.OrderByDescending(l => l.Counts.WarpInstructions).Take(20))
        {
            string place = $"{Path.GetFileName(line.File)}:{line.Line}";
            text.AppendLine(culture, $"  {place,-24} {line.Counts.WarpInstructions,14} {line.Counts.LaneEfficiency,7:P0} {line.Counts.GlobalSectors,9} {line.Counts.SharedWavefronts,11} {line.Counts.SharedIdealWavefronts,7}");
        }

        return text.ToString();
    }
}

using System.Globalization;
using System.Text;

namespace Sequoia.SoftwareGpu;

/// <summary>The counts for a launch, or for the instructions of one source line.</summary>
public sealed record ExecutionCounts
{
    /// <summary>The number of instructions executed by warps.</summary>
    public long WarpInstructions { get; internal set; }

    /// <summary>The number of instructions executed by threads. Predicated-off threads count, except at branches.</summary>
    public long LaneInstructions { get; internal set; }

    /// <summary>The number of floating-point operations. An addition or a product counts as one, a fused operation as two. mma is included.</summary>
    public long Flops { get; internal set; }

    /// <summary>The number of tensor-core instructions. The sixteen rows of a warp in a wgmma count as mma of eight columns each.</summary>
    public long Mma { get; internal set; }

    /// <summary>The number of warp accesses to global memory.</summary>
    public long GlobalRequests { get; internal set; }

    /// <summary>The number of 32-byte sectors that these accesses touch.</summary>
    public long GlobalSectors { get; internal set; }

    /// <summary>The number of bytes that threads request from global memory.</summary>
    public long GlobalBytes { get; internal set; }

    /// <summary>The number of warp accesses to shared memory.</summary>
    public long SharedRequests { get; internal set; }

    /// <summary>The number of passes that these accesses take, including bank conflicts. For accesses wider than a word, this is a model.</summary>
    public long SharedWavefronts { get; internal set; }

    /// <summary>The number of passes that these accesses would take without conflicts.</summary>
    public long SharedIdealWavefronts { get; internal set; }

    /// <summary>The number of warp arrivals at barriers.</summary>
    public long Barriers { get; internal set; }

    /// <summary>The average fraction of a warp's 32 lanes that are active.</summary>
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

/// <summary>The counts for one source line.</summary>
/// <param name="File">The source file. If the PTX names none, this is "PTX" and the lines are PTX lines.</param>
/// <param name="Line">The line number.</param>
/// <param name="Counts">The counts for the line's instructions.</param>
public sealed record LineProfile(string File, int Line, ExecutionCounts Counts);

/// <summary>The work and memory traffic of a launch. It contains counts, never times.</summary>
public sealed class KernelProfile
{
    /// <summary>The kernel's name.</summary>
    public required string Kernel { get; init; }

    /// <summary>The number of blocks in the grid.</summary>
    public required long Blocks { get; init; }

    /// <summary>The number of threads per block.</summary>
    public required int ThreadsPerBlock { get; init; }

    /// <summary>The shared memory per block, static and dynamic.</summary>
    public required int SharedBytesPerBlock { get; init; }

    /// <summary>The total counts.</summary>
    public required ExecutionCounts Total { get; init; }

    /// <summary>The number of warp instructions by class: the part of the opcode before the first dot, grouped.</summary>
    public required IReadOnlyDictionary<string, long> ByClass { get; init; }

    /// <summary>The source lines, ordered by file and line.</summary>
    public required IReadOnlyList<LineProfile> Lines { get; init; }

    /// <summary>Whether a GPU may start the kernel before the last one has ended (programmatic dependent launch).</summary>
    public bool IsDependent { get; internal set; }

    /// <summary>The number of bytes of global memory that the launch touched at least once, in whole words.</summary>
    public required long DistinctGlobalBytes { get; init; }

    /// <summary>The number of instructions executed by threads.</summary>
    public long LaneInstructions => Total.LaneInstructions;

    /// <summary>Computes the theoretical occupancy of a multiprocessor.</summary>
    /// <param name="registersPerThread">The number of registers per thread, as reported by the real assembler.</param>
    /// <param name="limits">The limits of the multiprocessor. If null, compute capability 8.0 is used.</param>
    /// <returns>The blocks and warps that fit, and the limiting resource.</returns>
    public Occupancy OccupancyFor(int registersPerThread, MultiprocessorLimits? limits = null) =>
        Occupancy.Compute(registersPerThread, ThreadsPerBlock, SharedBytesPerBlock, limits ?? MultiprocessorLimits.Sm80);

    /// <summary>Formats the profile as JSON.</summary>
    /// <returns>One JSON object.</returns>
    public string ToJson() => Profile.ProfileText.Json(this);

    /// <summary>Formats the profile as a readable table: totals, classes, and the lines that execute most.</summary>
    /// <returns>The text, with line breaks.</returns>
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

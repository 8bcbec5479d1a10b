using Sequoia.SoftwareGpu.Exec;
using Sequoia.SoftwareGpu.Lower;
using Sequoia.SoftwareGpu.Ptx;

namespace Sequoia.SoftwareGpu.Profile;

/// <summary>Converts raw counts to a profile. An instruction executes as often as its basic block.</summary>
internal static class ProfileBuilder
{
    public static KernelProfile Build(
        Program program, Launch launch, long[] executions, long[] lanes, Traffic[] traffic, long distinctBytes)
    {
        ExecutionCounts total = new();
        SortedDictionary<string, long> byClass = new(StringComparer.Ordinal);
        SortedDictionary<(string File, int Line), ExecutionCounts> lines = [];
        for (int b = 0; b < program.Cfg.Blocks.Count; b++)
        {
            CodeBlock block = program.Cfg.Blocks[b];
            if (executions[b] == 0)
                continue;
            for (int k = block.First; k < block.End; k++)
            {
                FlatInstruction instruction = program.Body.Instructions[k];
                ExecutionCounts counts = Count(instruction, executions[b], lanes[b], traffic[k]);
                total.Add(counts);
                string name = InstructionClass.Of(instruction.Opcode);
                byClass[name] = byClass.GetValueOrDefault(name) + executions[b];
                SourcePlace place = instruction.Source.Place;
                (string, int) line = place.File is null ? ("PTX", place.Line) : (place.File, place.FileLine);
                if (!lines.TryGetValue(line, out ExecutionCounts? sum))
                    lines[line] = sum = new ExecutionCounts();
                sum.Add(counts);
            }
        }

        return new KernelProfile
        {
            Kernel = launch.Kernel.Name,
            Blocks = launch.Blocks,
            ThreadsPerBlock = (int)(launch.BlockSize.X * launch.BlockSize.Y * launch.BlockSize.Z),
            SharedBytesPerBlock = launch.Shape.SharedBytes,
            Total = total,
            ByClass = byClass,
            Lines = [.. lines.Select(l => new LineProfile(l.Key.File, l.Key.Line, l.Value))],
            DistinctGlobalBytes = distinctBytes,
            IsDependent = launch.IsDependent,
        };
    }

    private static ExecutionCounts Count(FlatInstruction instruction, long executions, long lanes, Traffic traffic) => new()
    {
        WarpInstructions = executions,
        LaneInstructions = lanes,
        Flops = (InstructionClass.FlopsPerLane(instruction.Opcode) * lanes) + (InstructionClass.FlopsPerWarp(instruction.Opcode) * executions),
        Mma = InstructionClass.MmaPerWarp(instruction.Opcode) * executions,
        GlobalRequests = traffic.Requests,
        GlobalSectors = traffic.Sectors,
        GlobalBytes = traffic.RequestedBytes,
        SharedRequests = traffic.SharedRequests,
        SharedWavefronts = traffic.Wavefronts,
        SharedIdealWavefronts = traffic.IdealWavefronts,
        Barriers = instruction.Opcode[0] is "barrier" || (instruction.Opcode[0] == "bar" && instruction.Opcode[1] != "warp") ? executions : 0,
    };
}

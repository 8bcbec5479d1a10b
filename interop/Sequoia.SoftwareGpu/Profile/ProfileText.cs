using System.Text;
using System.Text.Json;

namespace Sequoia.SoftwareGpu.Profile;

/// <summary>Writes a profile as JSON, without reflection.</summary>
internal static class ProfileText
{
    public static string Json(KernelProfile profile)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("kernel", profile.Kernel);
            writer.WriteNumber("blocks", profile.Blocks);
            writer.WriteNumber("threadsPerBlock", profile.ThreadsPerBlock);
            writer.WriteNumber("sharedBytesPerBlock", profile.SharedBytesPerBlock);
            writer.WriteNumber("distinctGlobalBytes", profile.DistinctGlobalBytes);
            writer.WriteStartObject("total");
            Write(writer, profile.Total);
            writer.WriteEndObject();
            writer.WriteStartObject("byClass");
            foreach ((string name, long count) in profile.ByClass)
                writer.WriteNumber(name, count);
            writer.WriteEndObject();
            writer.WriteStartArray("lines");
            foreach (LineProfile line in profile.Lines)
            {
                writer.WriteStartObject();
                writer.WriteString("file", line.File);
                writer.WriteNumber("line", line.Line);
                Write(writer, line.Counts);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, ExecutionCounts counts)
    {
        writer.WriteNumber("warpInstructions", counts.WarpInstructions);
        writer.WriteNumber("laneInstructions", counts.LaneInstructions);
        writer.WriteNumber("laneEfficiency", counts.LaneEfficiency);
        writer.WriteNumber("flops", counts.Flops);
        writer.WriteNumber("mma", counts.Mma);
        writer.WriteNumber("globalRequests", counts.GlobalRequests);
        writer.WriteNumber("globalSectors", counts.GlobalSectors);
        writer.WriteNumber("globalBytes", counts.GlobalBytes);
        writer.WriteNumber("sharedRequests", counts.SharedRequests);
        writer.WriteNumber("sharedWavefronts", counts.SharedWavefronts);
        writer.WriteNumber("sharedIdealWavefronts", counts.SharedIdealWavefronts);
        writer.WriteNumber("barriers", counts.Barriers);
    }
}

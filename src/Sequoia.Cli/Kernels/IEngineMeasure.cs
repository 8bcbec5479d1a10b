using System.Text.Json.Nodes;
using Sequoia.Native.Backends.Cuda.Checks;

namespace Sequoia.Cli.Kernels;

/// <summary>A way to measure the engine's kernels: by time, or by counting.</summary>
internal interface IEngineMeasure
{
    /// <summary>A one-line description of the figures.</summary>
    string About { get; }

    string[] Heads { get; }

    /// <summary>One row per problem.</summary>
    IEnumerable<string[]> Rows { get; }

    void Add(string kernel, KernelProblem problem);

    void WriteTo(JsonObject json);
}

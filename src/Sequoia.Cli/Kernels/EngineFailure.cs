namespace Sequoia.Cli.Kernels;

/// <summary>The first problem that a kernel did not solve.</summary>
/// <param name="Shape">The problem.</param>
/// <param name="Seed">What makes it again.</param>
/// <param name="OfTwin">Whether it was the twin that failed.</param>
/// <param name="Messages">What was found: a wrong result with its place and values, or what the software GPU's checks say.</param>
internal sealed record EngineFailure(string Shape, int Seed, bool OfTwin, IReadOnlyList<string> Messages);

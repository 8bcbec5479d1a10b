namespace Sequoia.Native;

/// <summary>What passes over a number of rows took, in seconds: the median of the repeats, and their spread.</summary>
/// <param name="Rows">Tokens in one pass.</param>
/// <param name="Median">Half of the passes took at most this.</param>
/// <param name="Fastest">The fastest pass.</param>
/// <param name="Slowest">The slowest pass.</param>
public readonly record struct CostPoint(int Rows, double Median, double Fastest, double Slowest);

namespace Sequoia.Interop;

/// <summary>One try at loading a library.</summary>
/// <param name="Path">The file, or a bare name that was left to the system's loader.</param>
/// <param name="Problem">Why it did not work, in the loader's own words; null where it did.</param>
public sealed record LibraryAttempt(string Path, string? Problem);

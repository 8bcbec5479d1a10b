namespace Sequoia.Training;

/// <summary>Something the user can put right; its message is all that is printed.</summary>
internal sealed class UsageException(string message) : Exception(message);

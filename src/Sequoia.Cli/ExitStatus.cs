namespace Sequoia.Cli;

/// <summary>What the command tells the shell.</summary>
internal static class ExitStatus
{
    public const int Done = 0;
    public const int Failure = 1;
    public const int BadInput = 2;
    public const int Cancelled = 130;
}

using Sequoia.Native;

namespace Sequoia.Cli;

/// <summary>What `sequoia generate` was asked for, checked.</summary>
/// <param name="Target">The target's folder.</param>
/// <param name="Draft">The draft's folder; null decodes one token at a time.</param>
/// <param name="Tree">Null where the user left the choice to us.</param>
/// <param name="Options">How to sample and when to stop.</param>
/// <param name="Loading">How to load the models.</param>
/// <param name="Compare">Whether to decode as many tokens one at a time afterwards.</param>
/// <param name="Json">Whether to print one JSON object instead of the text.</param>
internal sealed record GenerateSettings(
    string Target, string? Draft, TreePolicy? Tree, GenerationOptions Options, LoadOptions Loading, bool Compare, bool Json);

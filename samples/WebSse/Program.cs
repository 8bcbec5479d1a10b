using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Sequoia.Native;

// Streams texts as server-sent events: curl -N "http://localhost:5000/tell?prompt=The+fox". A client that leaves ends its text within one step.
WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
string models = Path.Combine(AppContext.BaseDirectory, "models");
builder.Services.AddKeyedSingleton("target", (_, _) => LanguageModel.Load(Path.Combine(models, "target")));
builder.Services.AddKeyedSingleton("draft", (_, _) => LanguageModel.Load(Path.Combine(models, "draft")));
builder.Services.AddSingleton(services => new TextGenerator(
    services.GetRequiredKeyedService<LanguageModel>("target"), services.GetRequiredKeyedService<LanguageModel>("draft")));
WebApplication app = builder.Build();

// The request's cancellation token is cancelled when its client leaves.
app.MapGet("/tell", IResult (string prompt, TextGenerator generator, CancellationToken left, int maxTokens = 256, float temperature = 0.6f) =>
{
    try
    {
        var options = new GenerationOptions { MaxTokens = maxTokens, Temperature = temperature };
        return TypedResults.ServerSentEvents(Tell(generator.GenerateAsync(prompt, options, left), left));
    }
    catch (Exception e) when (e is ArgumentException or InvalidInputException)
    {
        return TypedResults.BadRequest(e.Message);
    }
});
app.Run();

async IAsyncEnumerable<SseItem<GenerationChunk>> Tell(IAsyncEnumerable<GenerationChunk> chunks, [EnumeratorCancellation] CancellationToken left)
{
    int tokens = 0;
    try
    {
        await foreach (GenerationChunk chunk in chunks)
        {
            tokens += chunk.Tokens.Count;
            yield return new SseItem<GenerationChunk>(chunk, chunk.Stats is null ? "chunk" : "end");
        }
    }
    finally
    {
        app.Logger.LogInformation("{Ending} after {Tokens} tokens", left.IsCancellationRequested ? "cancelled" : "complete", tokens);
    }
}

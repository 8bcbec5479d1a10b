// A small web application as users write it, for WebHostTests: models and generator are singletons of the container, requests stream text.
using Sequoia.Native;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
string models = builder.Configuration["models"] ?? throw new InvalidOperationException("--models DIR is missing");
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(1));
builder.Services.AddKeyedSingleton("target", (_, _) => LanguageModel.Load(Path.Combine(models, "target")));
builder.Services.AddKeyedSingleton("draft", (_, _) => LanguageModel.Load(Path.Combine(models, "draft")));
builder.Services.AddSingleton(services => new TextGenerator(
    services.GetRequiredKeyedService<LanguageModel>("target"), services.GetRequiredKeyedService<LanguageModel>("draft"), TreePolicy.Chain(2)));

WebApplication app = builder.Build();
app.MapGet("/generate", async (TextGenerator generator, HttpResponse response) =>
{
    // Not cancelled with the request, so that the container finds the text at work when it disposes of the generator.
    await foreach (GenerationChunk chunk in generator.GenerateAsync("Once", new GenerationOptions { MaxTokens = int.MaxValue, IgnoreEos = true }))
    {
        await response.WriteAsync(chunk.Text);
        await response.Body.FlushAsync();
    }
});
app.Run();

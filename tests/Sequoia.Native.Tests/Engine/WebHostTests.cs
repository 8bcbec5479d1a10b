using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Sequoia.Native.Tests.Engine;

/// <summary>A web application is stopped under load: the container disposes of generator and models while texts are at work.</summary>
internal sealed class WebHostTests
{
    private const int Requests = 24;

    // It only ends what hangs.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Test]
    public async Task A_stop_under_load_is_an_orderly_end([Range(1, 3)] int _)
    {
        string assembly = Path.Combine(AppContext.BaseDirectory.Replace("Sequoia.Native.Tests", "Sequoia.Native.WebHost", StringComparison.Ordinal), "Sequoia.Native.WebHost.dll");
        var start = new ProcessStartInfo("dotnet", [assembly, "--models", Path.Combine(Repository.Root, "models")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string? address = null;
            while (address is null && await process.StandardOutput.ReadLineAsync() is { } line)
                address = Regex.Match(line, "Now listening on: (http://[^ ]+)") is { Success: true } match ? match.Groups[1].Value : null;
            Assert.That(address, Is.Not.Null, "the application did not start");
            Task<string> output = process.StandardOutput.ReadToEndAsync();

            using var client = new HttpClient();
            HttpResponseMessage first = await client.GetAsync($"{address}/generate", HttpCompletionOption.ResponseHeadersRead);
            Task[] others = [.. Enumerable.Range(1, Requests - 1).Select(_ => client.GetStringAsync($"{address}/generate"))];
            Stream text = await first.Content.ReadAsStreamAsync();
            await text.ReadExactlyAsync(new byte[20]);
            Assert.That(others.Count(request => request.IsCompleted), Is.LessThan(others.Length), "requests are in flight");

            using Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            using var patience = new CancellationTokenSource(Patience);
            await process.WaitForExitAsync(patience.Token);
            string said = await errors + await output;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(process.ExitCode, Is.Zero, said);
                Assert.That(said, Does.Not.Contain("Unhandled").And.Not.Contain("AccessViolation"));
            }
            // Their connections are gone: each has ended, well or not.
            await Task.WhenAll(others).ContinueWith(_ => { }, TaskScheduler.Default);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}

using System.CommandLine;
using Sequoia.Native.Benchmarks;

var folder = new Argument<string>("folder") { Description = "Model folder" };
var repeats = new Option<int>("--repeats") { DefaultValueFactory = _ => 9 };
var threads = new Option<int>("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
var tokenizer = new Option<string>("--tokenizer") { Required = true, Description = "A Llama-2 tokenizer file to copy beside the weights" };
var draftLayers = new Option<int>("--draft-layers") { DefaultValueFactory = _ => 2 };
var synthetic = new Command("synthetic", "Writes the synthetic 1.1 B pair (about 2.6 GB)") { folder, tokenizer, draftLayers };
synthetic.SetAction(parsed => SyntheticPair.WriteAsync(parsed.GetValue(folder)!, parsed.GetValue(tokenizer)!, parsed.GetValue(draftLayers)));

var matmul = new Command("matmul", "The matrix kernel alone against the arithmetic limit") { repeats };
matmul.SetAction(parsed => MatMulBenchmark.Run(parsed.GetValue(repeats)));

var optimizer = new Command("optimizer", "Time to find optimal trees, beside the plain recurrence") { repeats };
optimizer.SetAction(parsed => OptimizerBenchmark.Run(parsed.GetValue(repeats)));

var device = new Option<string>("--device") { DefaultValueFactory = _ => "software" };
var load = new Command("load", "Time to bring a folder's weights to a device, beside a plain copy") { folder, device, repeats };
load.SetAction(parsed => LoadBenchmark.Run(parsed.GetValue(folder)!, parsed.GetValue(device)!, parsed.GetValue(repeats)));

var draft = new Argument<string>("draft") { Description = "Draft folder" };
var trees = new Option<string[]>("--tree") { AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["chain:2", "chain:3", "auto"] };
var temperatures = new Option<float[]>("--temperature") { AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [0f, 0.6f] };
var pair = new Command("pair", "Trees against one token at a time, runs paired by prompt") { folder, draft, trees, temperatures, repeats, threads };
pair.SetAction(parsed => PairBenchmark.RunAsync(
    parsed.GetValue(folder)!, parsed.GetValue(draft)!, parsed.GetValue(trees)!, parsed.GetValue(temperatures)!, parsed.GetValue(repeats), parsed.GetValue(threads)));

var tree = new Option<string>("--tree") { DefaultValueFactory = _ => "none", Description = "The tree of every sequence" };
var steps = new Option<int>("--steps") { DefaultValueFactory = _ => 24 };
var batch = new Command("batch", "Sequences that decode in step, beside one alone") { folder, draft, tree, steps, repeats, threads };
batch.SetAction(parsed => BatchBenchmark.Run(
    parsed.GetValue(folder)!, parsed.GetValue(draft)!, parsed.GetValue(tree)!, parsed.GetValue(steps), parsed.GetValue(repeats), parsed.GetValue(threads)));

var stepCommand = new Command("steps", "Steps of one sequence, each the least of many times: for comparing commits") { folder, draft, trees, steps, repeats, threads };
stepCommand.SetAction(parsed => StepBenchmark.Run(
    parsed.GetValue(folder)!, parsed.GetValue(draft)!, parsed.GetValue(trees)!, parsed.GetValue(steps), parsed.GetValue(repeats), parsed.GetValue(threads)));

return new RootCommand("Benchmarks of Sequoia.Native: run them from a Release build.") { stepCommand, batch, matmul, optimizer, pair, synthetic, load }.Parse(args).Invoke();

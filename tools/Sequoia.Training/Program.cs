using Sequoia.Training;
using Sequoia.Training.Evaluation;
using Sequoia.Training.Training;

const string Help = """
    Trains the bundled pair of models. Run it from the repository's root.

      tokenizer   choose the 4096 pieces and encode the corpus
          --text DIR (../shared/data/text)  --out DIR (out/training)
      train       train target and draft together; Ctrl-C saves a checkpoint
          --minutes N (75) or --steps N     --resume           --out DIR (out/training)
          --rows N (4) rows a step          --length N (512) positions a row
          --layers N (6)  --draft-layers N (2)  --muon-rate R (0.008)  --adam-rate R (0.0015)
          --grow-ffn N with --resume: widen the target's feed-forward layers, without changing what it says
          --draft-ffn N (128)  --draft-adam-rate R (0.004)  --threads N (2)  --seed N (1)
          --checkpoint-minutes N (4)  --held-out-minutes N (10)
      export      write models/target and models/draft from the last checkpoint
          --out DIR (out/training)  --models DIR (models)
      evaluate    measure the exported pair on held-out text
          --out DIR (out/training)  --models DIR (models)  --text DIR (../shared/data/text)
          --prompts N (50)  --tokens N (150)  --documents N (40)  --story-tokens N (400)  --threads N (2)
    """;

if (args.Length == 0 || args[0] is "help" or "--help" or "-h")
{
    Console.WriteLine(Help);
    return args.Length == 0 ? 2 : 0;
}

try
{
    LibtorchOnOlderGlibcxx.Prepare(AppContext.BaseDirectory);
    var arguments = new Arguments(args.AsSpan(1));
    return args[0] switch
    {
        "tokenizer" => TokenizerCommand.Run(arguments),
        "train" => TrainCommand.Run(arguments),
        "export" => ExportCommand.Run(arguments),
        "evaluate" => EvaluateCommand.Run(arguments),
        _ => throw new UsageException($"'{args[0]}' is not a command: tokenizer, train, export and evaluate are."),
    };
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

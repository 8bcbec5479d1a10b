using Sequoia.Training;
using Sequoia.Training.Distillation;
using Sequoia.Training.Evaluation;
using Sequoia.Training.Training;

const string Help = """
    Trains the bundled pair of models. Run it from the repository's root.

      tokenizer   choose the 4096 pieces and encode the corpus
          --text DIR (../shared/data/text)  --out DIR (out/training)
      train       train the target on the corpus; Ctrl-C saves a checkpoint
          --layers N (8)  --ffn N (1472)  --dropout P (0)  --adam-rate R (0.0015)  and RUN
      tell        let the exported target tell the text that the draft learns from
          --rows N (2000) of 512 positions  --batch N (100) rows at once  --minutes N, or stop there
          --out DIR (out/training)  --models DIR (models)  --seed N (1)
      distill     train the draft to agree with the exported target; Ctrl-C saves a checkpoint
          --dim N (96)  --layers N (2)  --ffn N (384)  --adam-rate R (0.004)  --models DIR (models)  and RUN
      export      write models/target and models/draft, those of the two that have a checkpoint
          --out DIR (out/training)  --models DIR (models)
      evaluate    measure the exported pair on held-out text
          --out DIR (out/training)  --models DIR (models)  --text DIR (../shared/data/text)
          --prompts N (50)  --tokens N (150)  --documents N (40)  --story-tokens N (400)

    RUN: --minutes N (75) or --steps N  --resume  --rows N (4) of 512 positions a step  --out DIR (out/training)
         --muon-rate R (0.008)  --decay R (0.02)  --seed N (1)  --checkpoint-minutes N (4)  --held-out-minutes N (10)
    All that compute: --device cpu|cuda (cpu)  --threads N (2)
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
        "tell" => TellCommand.Run(arguments),
        "distill" => DistillCommand.Run(arguments),
        "export" => ExportCommand.Run(arguments),
        "evaluate" => EvaluateCommand.Run(arguments),
        _ => throw new UsageException($"'{args[0]}' is not a command: tokenizer, train, tell, distill, export and evaluate are."),
    };
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

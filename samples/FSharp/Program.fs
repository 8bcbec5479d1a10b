open System
open System.IO
open Sequoia.Native

// Tells the likeliest story that begins with the arguments.
let tell (prompt: string) =
    task {
        let models = Path.Combine(AppContext.BaseDirectory, "models")
        use target = LanguageModel.Load(Path.Combine(models, "target"))
        use draft = LanguageModel.Load(Path.Combine(models, "draft"))
        use generator = new TextGenerator(target, draft)
        use chunks = generator.GenerateAsync(prompt, GenerationOptions(Temperature = 0f)).GetAsyncEnumerator()
        printf "%s" prompt

        while! chunks.MoveNextAsync() do
            printf "%s" chunks.Current.Text

            match chunks.Current.Stats with
            | null -> ()
            | stats -> printfn "\n\n%d tokens, %.2f a step" stats.TokenCount stats.TokensPerStep
    }

[<EntryPoint>]
let main arguments =
    let prompt = if arguments.Length > 0 then String.Join(' ', arguments) else "Once upon a time"
    (tell prompt).GetAwaiter().GetResult()
    0

namespace Sequoia.SoftwareGpu.Driver;

/// <summary>A kernel launch, with its parameters as they were when the call was made.</summary>
internal sealed class LaunchWork(Function function, Dim grid, Dim block, uint sharedBytes, byte[] parameters) : Work
{
    public override double Run(Context context) => context.Launch(function, grid, block, sharedBytes, parameters);

    // As on a GPU, another kernel may take a node's place.
    public override bool CanReplace(Work other) => other is LaunchWork;
}

namespace Sequoia.SoftwareGpu.Exec;

/// <summary>A handler's address in a form that fields and parameters of managed types can hold.</summary>
internal readonly unsafe struct Handler(delegate*<Warp, Inst*, uint, void> run) : IEquatable<Handler>
{
    public readonly delegate*<Warp, Inst*, uint, void> Run = run;

    public bool IsNull => Run is null;

    public bool Equals(Handler other) => (nint)Run == (nint)other.Run;

    public override bool Equals(object? obj) => obj is Handler other && Equals(other);

    public override int GetHashCode() => ((nint)Run).GetHashCode();
}

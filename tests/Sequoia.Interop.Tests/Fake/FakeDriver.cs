using System.Runtime.InteropServices;

namespace Sequoia.Interop.Tests;

/// <summary>
/// A driver that keeps books instead of computing: which handles live, which calls came and in which order, what a launch was given. Device memory
/// is the host's. One at a time; <see cref="Reset"/> begins a new book.
/// </summary>
internal static unsafe partial class FakeDriver
{
    private static readonly Lock s_gate = new();
    private static readonly Dictionary<nint, (string Kind, nint Context)> s_live = [];
    private static readonly Dictionary<string, CudaResult> s_failures = [];
    private static readonly List<string> s_calls = [];
    private static long s_next;

    [ThreadStatic]
    private static Stack<nint>? t_stack;

    /// <summary>Sizes of the parameters of every kernel.</summary>
    public static int[] ParameterBytes { get; set; } = [];

    /// <summary>The last launch: grid, block, shared bytes, stream, and each argument's bytes.</summary>
    public static (uint[] Extent, nint Stream, byte[][] Arguments) LastLaunch { get; private set; }

    public static (LaunchAttributeKind Kind, int Value)[] LastAttributes { get; private set; } = [];

    /// <summary>Whether launches are written down; it allocates.</summary>
    public static bool RecordsLaunches { get; set; }

    /// <summary>The device's.</summary>
    public static Version ComputeCapability { get; set; } = new(8, 6);

    /// <summary>Whether modules must be PTX.</summary>
    public static bool RefusesCubin { get; set; }

    /// <summary>Whether the last image was a CUBIN.</summary>
    public static bool LoadsCubin { get; private set; }

    /// <summary>What the log of the next failing module says.</summary>
    public static string ModuleLog { get; set; } = "";

    public static string[] Calls
    {
        get
        {
            lock (s_gate)
                return [.. s_calls];
        }
    }

    /// <summary>Kinds of the handles that nobody has given back.</summary>
    public static string[] Live
    {
        get
        {
            lock (s_gate)
                return [.. s_live.Values.Select(handle => handle.Kind).Order()];
        }
    }

    private static Stack<nint> Stack => t_stack ??= new();

    /// <summary>A fresh book and a driver on it. <paramref name="change"/> may take entry points away.</summary>
    public static CudaDriver Reset(TableChange? change = null, bool acceptsCubin = false)
    {
        lock (s_gate)
        {
            s_live.Clear();
            s_failures.Clear();
            s_calls.Clear();
            s_next = 0x1000;
        }
        Stack.Clear();
        ParameterBytes = [];
        RecordsLaunches = true;
        ModuleLog = "";
        RefusesCubin = false;
        ComputeCapability = new(8, 6);
        DriverTable table = Table();
        change?.Invoke(ref table);
        return CudaDriver.FromTable("fake", table, acceptsCubin);
    }

    public delegate void TableChange(ref DriverTable table);

    /// <summary>Lets a function fail until the next reset.</summary>
    public static void Fail(string function, CudaResult result)
    {
        lock (s_gate)
            s_failures[function] = result;
    }

    public static nint Current => Stack.TryPeek(out nint context) ? context : 0;

    public static void SetCurrent(nint context)
    {
        Stack.Clear();
        if (context != 0)
            Stack.Push(context);
    }

    /// <summary>A context of somebody else.</summary>
    public static nint ForeignContext()
    {
        nint context;
        Make("context", &context, needsContext: false);
        return context;
    }

    private static CudaResult Note(string call)
    {
        lock (s_gate)
        {
            s_calls.Add(call);
            return s_failures.GetValueOrDefault(call);
        }
    }

    private static CudaResult Make(string kind, nint* handle, bool needsContext = true)
    {
        if (needsContext && Current == 0)
            return CudaResult.InvalidContext;
        lock (s_gate)
        {
            *handle = (nint)(s_next += 16);
            s_live.Add(*handle, (kind, Current));
            return CudaResult.Success;
        }
    }

    // As a real driver does, it wants the object's own context to be current and alive.
    private static CudaResult Drop(string kind, nint handle, bool needsContext = true)
    {
        lock (s_gate)
        {
            if (!s_live.TryGetValue(handle, out (string Kind, nint Context) found) || found.Kind != kind)
                return CudaResult.InvalidHandle;
            if (needsContext && (found.Context != Current || !s_live.ContainsKey(found.Context)))
                return CudaResult.InvalidContext;
            s_live.Remove(handle);
            return CudaResult.Success;
        }
    }

    private static byte* Literal(ReadOnlySpan<byte> text) => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(text));
}

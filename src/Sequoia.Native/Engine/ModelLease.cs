using Sequoia.Native.Backends;
using Sequoia.Native.Models;

namespace Sequoia.Native.Engine;

/// <summary>
/// One user's lease on a model's weights. Everyone who computes with the weights holds a lease; releasing the last one frees their memory. If a lease
/// is never disposed, the garbage collector frees the memory once it has no users. Thread-safe.
/// </summary>
internal sealed class ModelLease : IDisposable
{
    private readonly Weights _weights;
    private int _ended;

    /// <summary>Creates the first lease, which takes ownership of weights and files.</summary>
    public ModelLease(Llama llama, ModelFiles files) => _weights = new Weights(llama, files);

    private ModelLease(Weights weights) => _weights = weights;

    /// <summary>The weights; valid only while the lease is held.</summary>
    public Llama Llama => Volatile.Read(ref _ended) == 0 ? _weights.Llama : throw new ObjectDisposedException(nameof(LanguageModel));

    /// <summary>Creates another lease on the same weights; null if they are freed.</summary>
    public ModelLease? TryShare() => _weights.TryAdd() ? new ModelLease(_weights) : null;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            _weights.Remove();
    }

    private sealed class Weights(Llama llama, ModelFiles files)
    {
        private int _users = 1;

        public Llama Llama => llama;

        public bool TryAdd()
        {
            for (int users = Volatile.Read(ref _users); users > 0;)
            {
                int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
                if (seen == users)
                    return true;
                users = seen;
            }
            return false;
        }

        public void Remove()
        {
            if (Interlocked.Decrement(ref _users) > 0)
                return;
            llama.Backend.Dispose();
            files.Dispose();
        }
    }
}

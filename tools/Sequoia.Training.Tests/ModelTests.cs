using Sequoia.Training.Distillation;
using Sequoia.Training.Modelling;
using Sequoia.Training.Optimization;
using Sequoia.Training.Tokenization;
using Sequoia.Training.Training;
using static TorchSharp.torch;

namespace Sequoia.Training.Tests;

internal sealed class ModelTests
{
    private static readonly LlamaShape Tiny = new(Dim: 64, Ffn: 96, Layers: 2, Heads: 2, KvHeads: 1);

    [Test]
    public void The_draft_is_at_most_a_tenth_of_the_target() =>
        Assert.That(LlamaShape.Draft(96, 2, 384).ParameterCount * 10, Is.LessThanOrEqualTo(LlamaShape.Target(8, 1472).ParameterCount));

    [Test]
    public void One_position_at_a_time_gives_what_all_at_once_gives()
    {
        random.manual_seed(1);
        Llama model = Llama.Initialize(Tiny);
        using IDisposable inference = no_grad();
        Tensor ids = tensor(new long[] { 1, 300, 400, 500, 600, 700 }).reshape(1, 6);
        Tensor whole = model.Forward(ids);
        var cache = new KvCache(Tiny, batch: 1, positions: 6);
        model.Forward(ids.narrow(1, 0, 2), cache);
        for (int i = 2; i < 6; i++)
        {
            Tensor one = model.Forward(ids.narrow(1, i, 1), cache);
            Assert.That((one[0][0] - whole[0][i]).abs().max().item<float>(), Is.LessThan(1e-4f));
        }
    }

    [TestCase(1.0, 0.0)]
    [TestCase(0.6, 0.8)]
    public void The_written_out_gradient_is_that_of_the_losses(double temperature, double acceptanceShare)
    {
        random.manual_seed(2);
        Tensor draft = randn(5, 7).requires_grad_(true), target = randn(5, 7);
        Tensor wanted = nn.functional.softmax(target / temperature, 1);
        Tensor distance = -(wanted * nn.functional.log_softmax(draft / temperature, 1)).sum(1).mean();
        Tensor acceptance = Losses.Acceptance(draft, target, temperature).mean();
        ((distance * (1 - acceptanceShare) - acceptance * acceptanceShare) * temperature).backward();
        Tensor gradient = Losses.DraftGradient(draft.detach(), target, temperature, acceptanceShare);
        Assert.That((gradient - draft.grad!).abs().max().item<float>(), Is.LessThan(1e-6f));
    }

    [Test]
    public void Told_rows_keep_their_openings_and_start_again_behind_an_end()
    {
        random.manual_seed(5);
        Llama model = Llama.Initialize(Tiny);
        ushort[] told = TellCommand.Tell(model, [[1, 300, 400], [1]]);
        Assert.That(told, Has.Length.EqualTo(2 * ToldText.RowLength));
        Assert.That(told[..3], Is.EqualTo(new ushort[] { 1, 300, 400 }));
        Assert.That(told, Has.All.LessThan(LlamaShape.Vocabulary));
        for (int i = 1; i < ToldText.RowLength; i++)
        {
            if (told[i - 1] == Vocabulary.End) Assert.That(told[i], Is.EqualTo(Vocabulary.Start));
        }
    }

    [TestCase(32, 96)]
    [TestCase(96, 32)]
    public void Muon_makes_every_singular_value_about_one(int rows, int columns)
    {
        random.manual_seed(3);
        Tensor values = linalg.svdvals(Muon.Orthogonalize(randn(1, rows, columns)))[0];
        Assert.That(values.min().item<float>(), Is.GreaterThan(0.5f));
        Assert.That(values.max().item<float>(), Is.LessThan(1.3f));
    }

    [Test]
    public void Rates_rise_stay_and_fall_to_zero()
    {
        Assert.That(Schedule.Rate(0.0075), Is.EqualTo(0.5).Within(1e-9));
        Assert.That(Schedule.Rate(0.2), Is.EqualTo(1));
        Assert.That(Schedule.Rate(1), Is.Zero);
    }

    [Test]
    public void A_learner_learns_a_short_text_by_heart()
    {
        random.manual_seed(4);
        var learner = new Learner(Llama.Initialize(Tiny), decay: 0.02);
        Tensor ids = tensor(new long[] { 1, 300, 400, 500, 600, 700, 800, 900, 1000 }).reshape(1, 9);
        float loss = 0;
        for (int step = 0; step < 40; step++)
        {
            Tensor value = Losses.Text(learner.Model.Forward(ids.narrow(1, 0, 8)).flatten(0, 1), ids.narrow(1, 1, 8).flatten());
            value.backward();
            learner.Step(muonRate: 0.02, adamRate: 0.01);
            loss = value.item<float>();
        }

        Assert.That(loss, Is.LessThan(0.5f));
    }
}

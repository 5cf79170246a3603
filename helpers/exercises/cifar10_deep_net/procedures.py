"""How the steps are carried out: sweep, report, average, follow a cycle, rank."""

import copy

import keras
import numpy as np

from helpers.exercises.core import Mistake, writing
from helpers.reference import ensembles, rankings

# b: the sweep -------------------------------------------------------------------------------------


class ToyModel:
    """Stands in for a net: its one weight moves by each learning rate it is trained with."""

    def __init__(self, start: float):
        self.weight = start


class Builder:
    """Makes toy models that all begin with the same weight."""

    def __init__(self, start: float):
        self.start = start

    def __call__(self) -> ToyModel:
        """A new toy model."""
        return ToyModel(self.start)

    def __repr__(self) -> str:
        return "build"


class Trainer:
    """Trains a toy model and returns its score, which depends on all that was done to the model
    before.
    """

    def __init__(self, best: float):
        self.best = best

    def __call__(self, model: ToyModel, rate: float) -> float:
        """Move the weight by the rate; the score."""
        model.weight += rate
        return 1 - abs(model.weight - self.best)

    def __repr__(self) -> str:
        return "train"


def sweep(build, rates, train):
    model = build()
    return [train(model, rate) for rate in rates]


def sweep_solution(build, rates, train):
    return [train(build(), rate) for rate in rates]


def sweep_in_a_loop(build, rates, train):
    scores = []
    for rate in rates:
        model = build()
        scores.append(train(model, rate))
    return scores


def sweep_over_copies(build, rates, train):
    fresh = build()
    return [train(copy.deepcopy(fresh), rate) for rate in rates]


def sweep_for_the_best_rate(build, rates, train):
    return rates[int(np.argmax(sweep_solution(build, rates, train)))]


def sweep_over_one_model_in_a_list(build, rates, train):
    models = [build()] * len(rates)
    return [train(model, rate) for model, rate in zip(models, rates, strict=True)]


def sweep_downwards(build, rates, train):
    model = build()
    scores = {rate: train(model, rate) for rate in sorted(rates, reverse=True)}
    return [scores[rate] for rate in rates]


def sweep_for_the_best_score(build, rates, train):
    return max(sweep_solution(build, rates, train))


sweeping = writing(
    "sweeping",
    stub=sweep,
    reference=sweep_solution,
    cases=(
        (Builder(0.0), (0.1, 0.3, 0.6), Trainer(0.4)),
        (Builder(0.2), (0.5, 0.1, 0.2), Trainer(0.5)),
        (Builder(-1.0), (0.01, 0.1, 1.0), Trainer(0.0)),
    ),
    praise="A new model for every rate: now the first and the last have had the same start.",
    hints=(
        "How many models does the function build, and how many does it need?",
        "What does the second rate find in the model that the first rate has trained?",
    ),
    equivalents=(sweep_in_a_loop, sweep_over_copies),
    mistakes=(
        Mistake(
            sweep_over_one_model_in_a_list,
            "The list holds the same model several times over, as the notes' numbered names do: the"
            " weights are still handed on from rate to rate. Build a model for each rate.",
        ),
        Mistake(
            sweep_downwards,
            "Another order spoils other rates: now the large rates come first and hand their"
            " weights on. Build a model for each rate.",
        ),
        Mistake(
            sweep_for_the_best_rate,
            "You returned the best rate; asked for are the accuracies of all rates, in their"
            " order.",
        ),
        Mistake(
            sweep_for_the_best_score,
            "You returned the best accuracy; asked for are the accuracies of all rates.",
        ),
    ),
)

# b: what to report --------------------------------------------------------------------------------


def report(
    val_loss, val_accuracy
): ...  # return (epochs trained, epoch restored, validation accuracy of that model)


def report_solution(val_loss, val_accuracy):
    best = int(np.argmin(val_loss))
    return len(val_loss), best + 1, val_accuracy[best]


def report_in_a_loop(val_loss, val_accuracy):
    best, lowest = 0, float("inf")
    for epoch, loss in enumerate(val_loss, start=1):
        if loss < lowest:
            best, lowest = epoch, loss
    return len(val_loss), best, val_accuracy[best - 1]


def report_the_last_line(val_loss, val_accuracy):
    return len(val_loss), int(np.argmin(val_loss)) + 1, val_accuracy[-1]


def report_the_best_accuracy(val_loss, val_accuracy):
    return len(val_loss), int(np.argmin(val_loss)) + 1, max(val_accuracy)


def report_by_accuracy(val_loss, val_accuracy):
    best = int(np.argmax(val_accuracy))
    return len(val_loss), best + 1, val_accuracy[best]


def report_counting_from_zero(val_loss, val_accuracy):
    best = int(np.argmin(val_loss))
    return len(val_loss), best, val_accuracy[best]


def report_all_from_the_last(val_loss, val_accuracy):
    return len(val_loss), len(val_loss), val_accuracy[-1]


reporting = writing(
    "reporting",
    stub=report,
    reference=report_solution,
    cases=(
        ([1.9, 1.6, 1.5, 1.55, 1.6], [0.31, 0.42, 0.45, 0.47, 0.46]),
        ([2.0, 1.7, 1.8, 1.75], [0.28, 0.40, 0.38, 0.41]),
        ([2.3, 2.1, 2.0, 1.9], [0.10, 0.25, 0.31, 0.30]),
        ([1.4, 1.3, 1.5, 1.6, 1.7, 1.8], [0.50, 0.52, 0.51, 0.53, 0.52, 0.55]),
    ),
    praise=(
        "The last line on the screen belongs to a model that is gone; the notes quote it for two of"
        " their nets."
    ),
    hints=(
        (
            "Which weights does `restore_best_weights` put back: those of the lowest validation"
            " loss, or of the highest accuracy?"
        ),
        "`np.argmin` counts from 0.",
    ),
    equivalents=(report_in_a_loop,),
    mistakes=(
        Mistake(
            report_the_last_line,
            "That is the accuracy in the last line of the log. The model you hold is the restored"
            " one: take its epoch's accuracy.",
        ),
        Mistake(
            report_all_from_the_last,
            "You report the last epoch; its weights were replaced when the training ended. Take the"
            " epoch with the lowest validation loss.",
        ),
        Mistake(
            report_the_best_accuracy,
            "The highest accuracy may belong to another epoch than the restored one: the callback"
            " watched the loss.",
        ),
        Mistake(
            report_by_accuracy,
            "The callback watches the validation loss unless told otherwise; you took the epoch"
            " with the best accuracy.",
        ),
        Mistake(
            report_counting_from_zero,
            "The epoch is counted from 1, as Keras prints it; yours is counted from 0.",
        ),
    ),
)

# e: Monte-Carlo dropout ---------------------------------------------------------------------------


class ToyDropoutNet:
    """Answers like a net with dropout: differently at each call with training=True, always the same
    without.

    After `period` calls it begins again, so that any `period` calls in a row have the same mean.
    """

    def __init__(self, seed: int, period: int):
        generator = np.random.default_rng(seed)
        self.noisy = generator.dirichlet(np.ones(3), size=(period, 2))  # calls, images, classes
        self.calls = 0

    def __call__(self, images, training=False):
        """Class probabilities, a tensor of shape (images, classes)."""
        if not training:
            return keras.ops.convert_to_tensor(self.noisy[0, : len(images)] ** 2)
        self.calls += 1
        noisy = self.noisy[(self.calls - 1) % len(self.noisy), : len(images)]
        return keras.ops.convert_to_tensor(noisy)

    def predict(self, images, verbose=0):
        """The probabilities without dropout, as `predict` of Keras gives them."""
        return np.asarray(self(images))

    def __repr__(self) -> str:
        return "model"


def monte_carlo(model, images, samples): ...  # return class probabilities, shape (images, classes)


def monte_carlo_in_a_loop(model, images, samples):
    total = 0
    for _ in range(samples):
        total = total + np.asarray(model(images, training=True))
    return total / samples


def monte_carlo_of_arrays(model, images, samples):
    total = np.zeros(1)
    for _ in range(samples):
        total = total + np.array(keras.ops.convert_to_numpy(model(images, training=True)))
    return total / samples


def monte_carlo_of_tensors(model, images, samples):
    answers = [model(images, training=True) for _ in range(samples)]
    return keras.ops.mean(keras.ops.stack(answers), axis=0)


def monte_carlo_without_dropout(model, images, samples):
    return np.mean([model(images, training=False) for _ in range(samples)], axis=0)


def monte_carlo_once(model, images, samples):
    return np.asarray(model(images, training=True))


def monte_carlo_over_images(model, images, samples):
    return np.mean(np.stack([model(images, training=True) for _ in range(samples)]), axis=1)


def monte_carlo_stacked(model, images, samples):
    return np.stack([model(images, training=True) for _ in range(samples)])


def monte_carlo_votes(model, images, samples):
    votes = np.stack(
        [np.asarray(model(images, training=True)).argmax(axis=1) for _ in range(samples)]
    )
    return np.stack([np.mean(votes == label, axis=0) for label in range(3)], axis=1)


averaging = writing(
    "averaging",
    stub=monte_carlo,
    reference=ensembles.monte_carlo,
    cases=(
        (ToyDropoutNet(0, 7), np.zeros((2, 4)), 7),
        (ToyDropoutNet(1, 50), np.zeros((2, 4)), 50),
        (ToyDropoutNet(2, 3), np.zeros((1, 4)), 3),
    ),
    praise=(
        "Each call is another thinned net, so this is a committee of nets that cost one training."
    ),
    hints=(
        (
            "A Keras model is a function: `model(images, training=True)` returns the outputs as in"
            " training."
        ),
        "The mean over the calls is the mean over the first axis of the list of answers.",
    ),
    equivalents=(monte_carlo_in_a_loop, monte_carlo_of_arrays, monte_carlo_of_tensors),
    mistakes=(
        Mistake(
            monte_carlo_without_dropout,
            "Without training=True the dropout is switched off (in `predict` too), and all samples"
            " are the same.",
        ),
        Mistake(
            monte_carlo_over_images,
            "You averaged over the images: the result must have one row for each image.",
        ),
        Mistake(
            monte_carlo_stacked,
            "You return all samples; asked for is their mean, of shape (images, classes).",
        ),
        Mistake(
            monte_carlo_votes,
            "You counted votes for the winning class. Average the probabilities: a net that"
            " hesitates should count for both.",
        ),
        Mistake(
            monte_carlo_once,
            "That is a single sample, and a noisy one: take the mean of `samples` of them.",
        ),
    ),
)

# f: 1cycle ----------------------------------------------------------------------------------------


def cycle(images, batch_size, epochs, peak): ...  # return the learning rates of all steps, an array


def cycle_solution(images, batch_size, epochs, peak):
    steps = epochs * int(np.ceil(images / batch_size))
    return np.interp(np.arange(steps), [0, steps // 2, steps - 1], [peak / 10, peak, peak / 1000])


def cycle_in_two_lines(images, batch_size, epochs, peak):
    steps = epochs * -(-images // batch_size)
    up = np.linspace(peak / 10, peak, steps // 2 + 1)
    return np.concatenate([up, np.linspace(peak, peak / 1000, steps - steps // 2)[1:]])


def cycle_rounded_down(images, batch_size, epochs, peak):
    steps = epochs * (images // batch_size)
    return np.interp(np.arange(steps), [0, steps // 2, steps - 1], [peak / 10, peak, peak / 1000])


def cycle_rounded_down_at_the_end(images, batch_size, epochs, peak):
    return cycle_solution(int(images / batch_size * epochs), 1, 1, peak)


def cycle_of_one_epoch(images, batch_size, epochs, peak):
    return np.tile(cycle_solution(images, batch_size, 1, peak), epochs)


def cycle_by_epoch(images, batch_size, epochs, peak):
    return cycle_solution(epochs, 1, 1, peak)


def cycle_down_to_the_start(images, batch_size, epochs, peak):
    steps = epochs * -(-images // batch_size)
    return np.interp(np.arange(steps), [0, steps // 2, steps - 1], [peak / 10, peak, peak / 10])


cycling = writing(
    "cycling",
    stub=cycle,
    reference=cycle_solution,
    cases=((45_000, 128, 15, 0.05), (1_000, 32, 3, 1.0), (64, 32, 4, 0.1), (100, 30, 2, 0.01)),
    praise=(
        "One rate for every step that is trained. The notes' scheduler counts too few steps and"
        " ends with negative rates."
    ),
    hints=(
        "How many steps has an epoch of 45,000 images in minibatches of 128: 351, 351.56 or 352?",
        "`np.interp(np.arange(steps), [0, steps // 2, steps - 1], [...])` draws both lines.",
    ),
    equivalents=(cycle_in_two_lines,),
    mistakes=(
        Mistake(
            cycle_rounded_down,
            "You left out the smaller minibatch at the end of each epoch: then the training has"
            " more steps than rates. Round up.",
        ),
        Mistake(
            cycle_rounded_down_at_the_end,
            "Rounded once for the whole training instead of for each epoch: every epoch has a whole"
            " number of steps, rounded up.",
        ),
        Mistake(
            cycle_of_one_epoch,
            "Your cycle starts again in every epoch; 1cycle is one cycle over the whole training.",
        ),
        Mistake(
            cycle_by_epoch, "That is one rate for each epoch; the rate shall change at every step."
        ),
        Mistake(
            cycle_down_to_the_start,
            "The rate must end at peak / 1000, far below its start: the last steps are the"
            " smallest.",
        ),
    ),
)

# a to f: the ranking ------------------------------------------------------------------------------


def share_of_right_rankings(accuracy): ...  # return a number from 0 to 1


def ranking_by_ascending_order(accuracy):
    accuracy = np.asarray(accuracy)
    return np.mean((accuracy.argsort(axis=1) == accuracy.mean(axis=0).argsort()).all(axis=1))


def ranking_of_the_winner(accuracy):
    accuracy = np.asarray(accuracy)
    return np.mean(accuracy.argmax(axis=1) == accuracy.mean(axis=0).argmax())


def ranking_by_places(accuracy):
    accuracy = np.asarray(accuracy)
    return np.mean(accuracy.argsort(axis=1) == accuracy.mean(axis=0).argsort())


def ranking_over_the_wrong_axis(accuracy):
    return rankings.share_of_right_rankings(np.transpose(accuracy))


def ranking_after_the_first(accuracy):
    accuracy = np.asarray(accuracy)
    return np.mean((accuracy.argsort(axis=1) == accuracy[0].argsort()).all(axis=1))


ranking = writing(
    "ranking",
    stub=share_of_right_rankings,
    reference=rankings.share_of_right_rankings,
    cases=(
        ([[0.40, 0.45, 0.50], [0.42, 0.41, 0.52], [0.39, 0.46, 0.48], [0.41, 0.47, 0.44]],),
        ([[0.1, 0.2, 0.3, 0.4], [0.2, 0.1, 0.3, 0.4], [0.1, 0.3, 0.2, 0.5]],),
        ([[0.5, 0.3], [0.6, 0.2], [0.1, 0.9], [0.7, 0.4], [0.5, 0.4]],),
        ([[0.30, 0.21], [0.1, 0.5], [0.2, 0.6]],),
    ),
    praise=(
        "If this share is far from 1, who trains each variant once reports an order that the next"
        " seed overturns."
    ),
    hints=(
        "`np.argsort(-means)` is the order of the variants, the best first.",
        "Compare the whole order of a run, then take the mean over the runs.",
    ),
    equivalents=(ranking_by_ascending_order,),
    mistakes=(
        Mistake(
            ranking_of_the_winner,
            "You asked which runs find the right winner; asked for is the whole order.",
        ),
        Mistake(
            ranking_by_places,
            "You counted single places; a run counts only if all of its places are right.",
        ),
        Mistake(
            ranking_over_the_wrong_axis,
            "You ranked the runs within each variant: rows are runs, columns are variants.",
        ),
        Mistake(
            ranking_after_the_first,
            "You compared with the order of the first run; compare with the order of the means.",
        ),
    ),
)

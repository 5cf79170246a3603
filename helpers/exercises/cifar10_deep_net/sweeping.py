"""Exercise of lesson 07: a sweep in which every rate gets a net of its own."""

import copy

import numpy as np

from helpers.exercises.core import Mistake, writing


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
            "You returned the best rate; return the accuracies of all rates, in their order.",
        ),
        Mistake(
            sweep_for_the_best_score,
            "You returned the best accuracy; return those of all rates.",
        ),
    ),
)

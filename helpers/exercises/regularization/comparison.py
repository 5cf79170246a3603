"""Which model is the best: histories compared without the penalties in their losses."""

import numpy as np

from helpers.exercises.core import Mistake, writing


def best_model(histories):
    # The notes draw these curves to compare the models; whoever takes the lowest does this:
    return min(histories, key=lambda name: min(histories[name]["val_loss"]))


def best_model_solution(histories):
    def lowest(name):
        history = histories[name]
        return np.min(np.subtract(history["val_loss"], history["penalty"]))

    return min(histories, key=lowest)


def best_model_in_one_line(histories):
    return min(
        histories,
        key=lambda n: min(
            a - b for a, b in zip(histories[n]["val_loss"], histories[n]["penalty"], strict=True)
        ),
    )


def best_model_at_the_end(histories):
    return min(
        histories, key=lambda name: histories[name]["val_loss"][-1] - histories[name]["penalty"][-1]
    )


def best_model_by_separate_minima(histories):
    return min(
        histories,
        key=lambda name: min(histories[name]["val_loss"]) - min(histories[name]["penalty"]),
    )


def best_model_with_the_penalty_twice(histories):
    return min(
        histories,
        key=lambda name: np.min(np.add(histories[name]["val_loss"], histories[name]["penalty"])),
    )


def best_model_by_penalty(histories):
    return min(histories, key=lambda name: min(histories[name]["penalty"]))


def best_model_at_the_lowest_sum(histories):
    def at_lowest(name):
        history = histories[name]
        epoch = np.argmin(history["val_loss"])
        return history["val_loss"][epoch] - history["penalty"][epoch]

    return min(histories, key=at_lowest)


def worst_model(histories):
    return max(
        histories,
        key=lambda name: np.min(
            np.subtract(histories[name]["val_loss"], histories[name]["penalty"])
        ),
    )


def some_histories(**curves) -> dict:
    return {
        name: {"val_loss": loss, "penalty": penalty} for name, (loss, penalty) in curves.items()
    }


comparing = writing(
    "comparing",
    stub=best_model,
    reference=best_model_solution,
    cases=(
        (
            some_histories(
                plain=([0.43, 0.56, 0.68], [0.0, 0.0, 0.0]),
                l1=([0.88, 0.93, 0.68], [0.4, 0.3, 0.15]),
                l2=([1.06, 0.92, 0.44], [0.45, 0.28, 0.0]),
            ),
        ),
        (
            some_histories(
                plain=([0.68, 0.69, 0.66], [0.0, 0.0, 0.0]),
                l1=([1.74, 1.44, 1.22], [1.3, 0.92, 0.65]),
                l2=([0.95, 0.8, 0.5], [0.3, 0.15, 0.05]),
            ),
        ),
        (
            some_histories(
                plain=([0.69, 0.6, 0.64], [0.0, 0.0, 0.0]),
                l1=([2.02, 0.67, 0.55], [1.38, 0.25, 0.08]),
                l2=([0.96, 0.66, 0.62], [0.28, 0.22, 0.22]),
            ),
        ),
        (
            some_histories(
                plain=([0.71, 0.6, 0.66], [0.0, 0.0, 0.0]),
                l1=([1.3, 0.95, 0.85], [0.3, 0.2, 0.35]),
                l2=([1.0, 0.9, 0.95], [0.6, 0.2, 0.25]),
            ),
        ),
    ),
    praise=(
        "The penalty is what the training is charged for its weights. What a model is worth is its"
        " loss on the data alone."
    ),
    hints=(
        "val_loss - penalty, epoch by epoch, is the loss of the validation data alone.",
        "Subtract first, then look for the lowest epoch: the penalty changes from epoch to epoch.",
    ),
    equivalents=(best_model_in_one_line,),
    mistakes=(
        Mistake(
            best_model_at_the_end,
            "You compare the last epochs. Compare each model at its best epoch.",
        ),
        Mistake(
            best_model_by_separate_minima,
            "You subtract the smallest penalty from the smallest loss, and the two may come from"
            " different epochs: subtract epoch by epoch, then take the minimum.",
        ),
        Mistake(
            best_model_at_the_lowest_sum,
            "You chose the epoch by the loss with penalty, and took the penalty out afterwards."
            " Take it out first, then look for the best epoch.",
        ),
        Mistake(
            best_model_with_the_penalty_twice,
            "You add the penalty, but it is in val_loss already: take it out.",
        ),
        Mistake(
            best_model_by_penalty,
            "That is the model with the smallest penalty: a model without one always wins.",
        ),
        Mistake(worst_model, "That is the worst of them: a loss is better the lower it is."),
    ),
)

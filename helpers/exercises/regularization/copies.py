"""Altered copies on the right side of the division, and where dropout helps."""

import numpy as np

from helpers.claims import paired_interval
from helpers.exercises.core import Exercise, Mistake, call, expect, prediction

# 9 ------------------------------------------------------------------------------------------------


def divide(pictures, labels, alter, generator):
    pictures = np.concatenate([pictures, alter(pictures)])
    labels = np.concatenate([labels, labels])
    rows = generator.permutation(len(pictures))
    train, valid = rows[len(rows) // 5 :], rows[: len(rows) // 5]
    return pictures[train], labels[train], pictures[valid], labels[valid]


def divide_solution(pictures, labels, alter, generator):
    rows = generator.permutation(len(pictures))
    train, valid = rows[len(rows) // 5 :], rows[: len(rows) // 5]
    more = np.concatenate([pictures[train], alter(pictures[train])])
    return more, np.concatenate([labels[train]] * 2), pictures[valid], labels[valid]


def divide_copies_first(pictures, labels, alter, generator):
    copies = alter(pictures)
    rows = generator.permutation(len(pictures))
    valid, train = np.split(rows, [len(rows) // 5])
    return (
        np.concatenate([copies[train], pictures[train]]),
        np.tile(labels[train], 2),
        pictures[valid],
        labels[valid],
    )


def divide_replacing(pictures, labels, alter, generator):
    rows = generator.permutation(len(pictures))
    train, valid = rows[len(rows) // 5 :], rows[: len(rows) // 5]
    return alter(pictures[train]), labels[train], pictures[valid], labels[valid]


def divide_altering_all(pictures, labels, alter, generator):
    rows = generator.permutation(len(pictures))
    train, valid = rows[len(rows) // 5 :], rows[: len(rows) // 5]
    return (
        np.concatenate([pictures[train], alter(pictures[train])]),
        np.concatenate([labels[train]] * 2),
        np.concatenate([pictures[valid], alter(pictures[valid])]),
        np.concatenate([labels[valid]] * 2),
    )


def divide_forgetting_labels(pictures, labels, alter, generator):
    rows = generator.permutation(len(pictures))
    train, valid = rows[len(rows) // 5 :], rows[: len(rows) // 5]
    more = np.concatenate([pictures[train], alter(pictures[train])])
    return more, labels[train], pictures[valid], labels[valid]


def divide_without_copies(pictures, labels, alter, generator):
    rows = generator.permutation(len(pictures))
    train, valid = rows[len(rows) // 5 :], rows[: len(rows) // 5]
    return pictures[train], labels[train], pictures[valid], labels[valid]


COUNT, STEP = 50, 0.25
LEAK = (
    "A picture is in the training data while its copy, or it itself, is in the validation data. "
    "Divide first; then alter."
)
REPLACED = "The originals of the training pictures are gone: keep them, and add the copies."
ALTERED = (
    "Your validation data hold altered pictures. They stand for the data to come, so leave them "
    "as they are."
)
LABELS = "There must be one label for each picture: the copies need theirs too."
FEW = "There are no altered copies among your training pictures."


def examine_divide(answer) -> str:
    pictures, labels = np.arange(COUNT, dtype=float), np.arange(COUNT) % 7
    result = call(
        answer, pictures.copy(), labels.copy(), lambda x: x + STEP, np.random.default_rng(5)
    )
    expect(
        isinstance(result, tuple | list) and len(result) == 4,
        "Return four arrays: training pictures, their labels, validation pictures, their labels.",
    )
    x_train, y_train, x_valid, y_valid = (np.asarray(part, float) for part in result)
    expect(len(x_train) == len(y_train) and len(x_valid) == len(y_valid), LABELS)
    trained, held = np.floor(x_train), np.floor(x_valid)
    expect(not np.isin(trained, held).any(), LEAK)
    expect((x_valid == held).all(), ALTERED)
    expect((x_train != trained).any(), FEW)
    expect((x_train == trained).any(), REPLACED)
    expect(
        np.array_equal(np.sort(held), np.unique(held)) and len(held) == COUNT // 5,
        f"A fifth of the pictures are for validation: of {COUNT}, {COUNT // 5}, each once.",
    )
    expect(
        len(x_train) == 2 * (COUNT - COUNT // 5) and len(np.unique(x_train)) == len(x_train),
        "Each training picture should be there twice: as it is, and altered.",
    )
    expect(
        (trained % 7 == y_train).all() and (held % 7 == y_valid).all(),
        "Some pictures have the label of another: pictures and labels must be in the same order.",
    )
    expect(
        not np.array_equal(np.sort(held), np.arange(COUNT // 5))
        and not np.array_equal(np.sort(held), np.arange(COUNT - COUNT // 5, COUNT)),
        "Draw the validation pictures at random: the pictures may come sorted.",
    )
    return "No copy of a validation picture has been trained on, so its error means something."


dividing = Exercise(
    "dividing",
    stub=divide,
    reference=divide_solution,
    examine=examine_divide,
    hints=(
        "Where does the copy of a validation picture end up, four times in five?",
        "First permute and divide the originals; then alter those of the training part alone.",
    ),
    equivalents=(divide_copies_first,),
    mistakes=(
        Mistake(divide_replacing, REPLACED),
        Mistake(divide_altering_all, ALTERED),
        Mistake(divide_forgetting_labels, LABELS),
        Mistake(divide_without_copies, FEW),
    ),
)


# 10 -----------------------------------------------------------------------------------------------

BETTER, UNCLEAR = "clearly better", "not clearly better"
EXAMPLE = {
    "300 pictures": [0.02, -0.02, 0.005],
    "one label in ten wrong": [0.02, -0.03, -0.005],
    "8 hidden units": [-0.03, -0.029, -0.031],
    "2,000 pictures": [0.03, 0.029, 0.031],
}
AT_EQUAL_RATES = EXAMPLE | {
    "300 pictures": [0.03, 0.029, 0.031],
    "2,000 pictures": [0.01, -0.01, 0.0],
}


def where_it_helps(gains, at_equal_rates, correlations=None) -> dict:
    """Whether both intervals of the mean gain lie above 0: against the plain net at its own rate,
    and at the same rate. Gains are values of shape (replicates,) in each world.
    """
    correlations = correlations or dict.fromkeys(gains, 0.0)
    lowest = {
        world: min(
            paired_interval(values[world], correlation=correlations[world])[0]
            for values in (gains, at_equal_rates)
        )
        for world in gains
    }
    return {world: BETTER if low > 0 else UNCLEAR for world, low in lowest.items()}


dropout_prediction = prediction(
    "dropout_prediction",
    choices=(BETTER, UNCLEAR),
    truth=where_it_helps,
    evidence=(EXAMPLE, AT_EQUAL_RATES),
    reasons={
        ("300 pictures", BETTER): (
            "The plain net learns its pictures by heart, but that does it little harm: all labels "
            "are true, so that each picture is a right example."
        ),
        ("8 hidden units", BETTER): (
            "Silencing takes units away, and a narrow net has none to spare: it can hardly learn "
            "its pictures by heart in the first place."
        ),
        ("2,000 pictures", BETTER): (
            "With 2,000 pictures there is less to learn by heart; the study's interval still holds"
            " 0."
        ),
        ("one label in ten wrong", BETTER): (
            "Wrong labels can only be learned by heart, and that is what dropout makes harder. But "
            "the plain net is tuned too, and a low rate keeps it from learning all of them: the "
            "study's interval holds 0."
        ),
    },
    praise="A plain net that is tuned as carefully as its rival is hard to beat clearly.",
    hints=(
        "Dropout makes it harder to learn pictures by heart. Where does that do harm, and what "
        "else would make it harder?",
    ),
)

"""What a run will show: which maps move with the picture, and which net wins where."""

from helpers import claims
from helpers.exercises.core import prediction

# 3 ------------------------------------------------------------------------------------------------

MOVED, CHANGED = "the same, moved", "other numbers"
ROUNDING = 1e-5


def maps_that_move(differences: dict) -> dict:
    """Whether a map only moved, from the largest difference between it and the earlier map, moved
    along.
    """
    return {
        question: MOVED if difference < ROUNDING else CHANGED
        for question, difference in differences.items()
    }


moving_prediction = prediction(
    "moving_prediction",
    choices=(MOVED, CHANGED),
    truth=maps_that_move,
    evidence=(
        {
            "stride 1, in the middle": 0.0,
            "stride 1, at the edges": 0.4,
            "stride 2, by one pixel": 0.7,
            "stride 2, by two pixels": 0.0,
        },
    ),
    reasons={
        (
            "stride 1, in the middle",
            CHANGED,
        ): "The same kernel meets the same values there, one place later.",
        (
            "stride 1, at the edges",
            MOVED,
        ): (
            "At an edge of the frame the kernel sees zeros where the photo goes on, "
            "and these zeros do not move with the photo."
        ),
        (
            "stride 2, by one pixel",
            MOVED,
        ): (
            "With stride 2 the kernel stops at every second pixel only. Moved by one, the picture "
            "shows it just those windows that it left out before."
        ),
        (
            "stride 2, by two pixels",
            CHANGED,
        ): "Two pixels are one whole stride: the kernel meets the same windows, one place later.",
    },
    praise="A convolution moves with its input: up to the edges, and in steps of its stride.",
    hints=(
        (
            "Ask for each place of the map: which values lie under the kernel there, before the"
            " move and after it?"
        ),
    ),
)


# 5 ------------------------------------------------------------------------------------------------

CONVNET, MLP, TIE = "convnet", "MLP", "too close to tell"


def winners(advantages: dict) -> dict:
    """Who is ahead on each task, from the paired differences convnet minus MLP; a tie if their
    95 % interval holds 0.
    """
    found = {}
    for task, differences in advantages.items():
        low, high = claims.paired_interval(differences, 0.95)
        found[task] = CONVNET if low > 0 else MLP if high < 0 else TIE
    return found


winner_prediction = prediction(
    "winner_prediction",
    choices=(CONVNET, MLP, TIE),
    truth=winners,
    evidence=(
        {
            "centered": [-0.05, -0.04, -0.06],
            "moved": [0.07, 0.05, 0.08],
            "permuted": [-0.09, -0.07, -0.08],
        },
    ),
    reasons={
        (
            "centered",
            CONVNET,
        ): (
            "Sharing weights pays where the same thing turns up in different places. These clothes"
            " all lie in the same place, and here the pictures are few and the training is short."
        ),
        (
            "moved",
            MLP,
        ): (
            "An MLP must learn a shirt anew for each place where it can lie. A kernel does not care"
            " where it is."
        ),
        (
            "moved",
            TIE,
        ): (
            "Compare what each net knows beforehand: the kernels see the same part of a shirt"
            " wherever it lies, and the weights of an MLP do not."
        ),
        (
            "permuted",
            CONVNET,
        ): (
            "A kernel looks at neighbors. After the permutation neighbors have nothing to do with"
            " each other; the MLP does not notice that anything happened."
        ),
        (
            "permuted",
            TIE,
        ): (
            "The permutation is nothing to an MLP, whose inputs have no order. What does it do to a"
            " window of 3 x 3?"
        ),
    },
    praise=(
        "What a net is built to ignore must fit what the data are: a place that does not matter,"
        " neighbors that do."
    ),
    hints=(
        "An MLP has a weight for each pixel; a convnet has one for each place in a small window.",
    ),
)

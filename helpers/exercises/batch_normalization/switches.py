"""Two switches that are easily confused."""

from helpers.exercises.core import prediction

# 3 ------------------------------------------------------------------------------------------------

BOTH, ONLY_WEIGHTS, ONLY_AVERAGES, NOTHING = "both", "gamma only", "moving mean only", "nothing"


def moved(plain, evaluating, frozen) -> dict:
    """What changed, from pairs (did gamma change, did the moving mean change)."""
    words = {
        (True, True): BOTH,
        (True, False): ONLY_WEIGHTS,
        (False, True): ONLY_AVERAGES,
        (False, False): NOTHING,
    }
    found = {
        "training=True": plain,
        "training=False": evaluating,
        "training=True, trainable=False": frozen,
    }
    return {name: words[bool(gamma), bool(mean)] for name, (gamma, mean) in found.items()}


mode_prediction = prediction(
    "mode_prediction",
    choices=(BOTH, ONLY_WEIGHTS, ONLY_AVERAGES, NOTHING),
    truth=moved,
    evidence=((True, True), (True, False), (False, False)),
    reasons={
        (
            "training=True",
            ONLY_WEIGHTS,
        ): "In training mode the layer also follows its batches: the moving mean takes a step.",
        (
            "training=False",
            NOTHING,
        ): (
            "`training=False` is PyTorch's eval(): it chooses what the layer computes. "
            "Gradients flow as before, and the optimizer applies them."
        ),
        (
            "training=False",
            BOTH,
        ): "With training=False the layer reads its moving averages and does not write them.",
        (
            "training=True, trainable=False",
            ONLY_AVERAGES,
        ): (
            "For most layers `trainable` only stops the gradient step. Batch normalization makes an"
            " exception in Keras: frozen, it runs in inference mode whatever you pass."
        ),
        (
            "training=True, trainable=False",
            BOTH,
        ): "A frozen layer is left out of model.trainable_variables: no gradient step for gamma.",
    },
    praise=(
        "`training` chooses what is computed, `trainable` what is learned; a frozen batch"
        " normalization does neither."
    ),
    hints=(
        (
            "Which of the two words says how the outputs are computed, and which says what the"
            " optimizer gets?"
        ),
    ),
)

"""Batch normalization by hand: training, inference, folding, counting."""

import numpy as np

from helpers.exercises.core import Mistake, writing

EPSILON = 0.001


def batches(seed: int, n: int, features: int) -> tuple:
    """A batch whose features differ in mean and spread, with a scale and a shift for each
    feature.
    """
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, features)) * generator.uniform(
        0.02, 3, features
    ) + generator.normal(size=features)
    return x, generator.uniform(0.5, 2, features), generator.normal(size=features)


def moving(seed: int, n: int, features: int) -> tuple:
    """The same with moving averages that differ from the batch's own mean and variance."""
    generator = np.random.default_rng([seed, 1])
    return (
        *batches(seed, n, features),
        generator.normal(size=features),
        generator.uniform(0.1, 3, features),
    )


# 1 ------------------------------------------------------------------------------------------------


def normalize(x, gamma, beta): ...  # return the outputs, shape (n, features)


def normalize_solution(x, gamma, beta):
    mean, variance = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mean) / np.sqrt(variance + 0.001) + beta


def normalize_from_squares(x, gamma, beta):
    centred = x - sum(x) / len(x)
    return centred * (gamma / (np.mean(centred**2, axis=0) + 1e-3) ** 0.5) + beta


def normalize_each_example(x, gamma, beta):
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta


def normalize_everything_at_once(x, gamma, beta):
    return gamma * (x - x.mean()) / np.sqrt(x.var() + EPSILON) + beta


def normalize_only(x, gamma, beta):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON)


def normalize_without_the_root(x, gamma, beta):
    return gamma * (x - x.mean(axis=0)) / (x.var(axis=0) + EPSILON) + beta


def normalize_with_epsilon_outside(x, gamma, beta):
    return gamma * (x - x.mean(axis=0)) / (x.std(axis=0) + EPSILON) + beta


def normalize_with_n_minus_1(x, gamma, beta):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0, ddof=1) + EPSILON) + beta


def normalize_shifting_first(x, gamma, beta):
    return gamma * ((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON) + beta)


normalizing = writing(
    "normalizing",
    stub=normalize,
    reference=normalize_solution,
    cases=(batches(0, 8, 4), batches(1, 5, 5), batches(2, 4, 3)),
    praise=(
        "Five lines of arithmetic: that is the whole layer in training. The cell below compares the"
        " course's version with Keras."
    ),
    hints=(
        "The mean over the batch is x.mean(axis=0): one number for each feature.",
        (
            "0.001 is added to the variance, inside the root, so that a feature that never varies"
            " does not divide by zero."
        ),
    ),
    equivalents=(normalize_from_squares,),
    mistakes=(
        Mistake(
            normalize_each_example,
            "You normalize every example over its features: that is layer normalization. Here each"
            " feature is normalized over the batch (axis=0).",
        ),
        Mistake(
            normalize_everything_at_once,
            "You took one mean for the whole array; each feature has its own, over the batch:"
            " x.mean(axis=0).",
        ),
        Mistake(
            normalize_only,
            "Normalized, but not scaled and shifted: gamma and beta let the net undo what the"
            " normalization fixed.",
        ),
        Mistake(normalize_without_the_root, "You divide by the variance; divide by its root."),
        Mistake(
            normalize_with_epsilon_outside,
            "You add 0.001 to the standard deviation; Keras adds it to the variance, inside the"
            " root. Features that hardly vary show the difference.",
        ),
        Mistake(
            normalize_with_n_minus_1,
            "Your variance divides by n - 1; within the batch the layer divides by n.",
        ),
        Mistake(
            normalize_shifting_first,
            "You shift by beta and then scale by gamma; it is gamma times the normalized value,"
            " plus beta.",
        ),
    ),
)


# 2 ------------------------------------------------------------------------------------------------


def infer(x, gamma, beta, moving_mean, moving_variance):
    # "it normalizes each incoming batch with that batch's own mean and standard deviation"
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 0.001) + beta


def infer_solution(x, gamma, beta, moving_mean, moving_variance):
    return gamma * (x - moving_mean) / np.sqrt(moving_variance + 0.001) + beta


def infer_as_a_line(x, gamma, beta, moving_mean, moving_variance):
    slope = gamma / np.sqrt(moving_variance + EPSILON)
    return x * slope + (beta - moving_mean * slope)


def infer_with_the_variance_of_the_batch(x, gamma, beta, moving_mean, moving_variance):
    return gamma * (x - moving_mean) / np.sqrt(x.var(axis=0) + EPSILON) + beta


def infer_with_the_mean_of_the_batch(x, gamma, beta, moving_mean, moving_variance):
    return gamma * (x - x.mean(axis=0)) / np.sqrt(moving_variance + EPSILON) + beta


def infer_without_the_root(x, gamma, beta, moving_mean, moving_variance):
    return gamma * (x - moving_mean) / (moving_variance + EPSILON) + beta


def infer_with_a_last_update(x, gamma, beta, moving_mean, moving_variance):
    mean = 0.99 * moving_mean + 0.01 * x.mean(axis=0)
    variance = 0.99 * moving_variance + 0.01 * x.var(axis=0)
    return gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta


def infer_without_scale_and_shift(x, gamma, beta, moving_mean, moving_variance):
    return (x - moving_mean) / np.sqrt(moving_variance + EPSILON)


inferring = writing(
    "inferring",
    stub=infer,
    reference=infer_solution,
    cases=(moving(0, 6, 4), moving(1, 1, 3), moving(2, 5, 5)),
    praise=(
        "At inference the layer is the same straight line for everyone. A later exercise uses"
        " it: lines can be folded."
    ),
    hints=("Which numbers of the line come from x and should come from training?",),
    equivalents=(infer_as_a_line,),
    mistakes=(
        Mistake(
            infer_with_the_variance_of_the_batch,
            "The mean is now the moving one, but the variance is still the batch's own: one example"
            " alone has none.",
        ),
        Mistake(
            infer_with_the_mean_of_the_batch,
            "The variance is now the moving one, but the mean is still the batch's own: an example"
            " alone loses all it had to say.",
        ),
        Mistake(
            infer_without_the_root,
            "`moving_variance` is a variance: divide by its root (plus 0.001 inside).",
        ),
        Mistake(
            infer_with_a_last_update,
            "You let the batch move the averages first. At inference nothing is learned: the answer"
            " must not depend on the other rows.",
        ),
        Mistake(
            infer_without_scale_and_shift, "gamma and beta belong to the layer at inference too."
        ),
    ),
)


# 4 ------------------------------------------------------------------------------------------------


def count(inputs, hidden, outputs): ...  # return (trained, moving, idle)


def count_solution(inputs, hidden, outputs):
    widths = [inputs, *hidden, outputs]
    dense = sum((before + 1) * after for before, after in zip(widths[:-1], widths[1:], strict=True))
    normalized = inputs + sum(hidden)
    return dense + 2 * normalized, 2 * normalized, sum(hidden)


def count_in_a_loop(inputs, hidden, outputs):
    trained, averaged, idle, width = 2 * inputs, 2 * inputs, 0, inputs
    for units in hidden:
        trained, averaged, idle, width = (
            trained + width * units + units + 2 * units,
            averaged + 2 * units,
            idle + units,
            units,
        )
    return trained + width * outputs + outputs, averaged, idle


def count_training_the_averages(inputs, hidden, outputs):
    trained, averaged, idle = count_solution(inputs, hidden, outputs)
    return trained + averaged, averaged, idle


def count_forgetting_the_inputs(inputs, hidden, outputs):
    trained, averaged, idle = count_solution(inputs, hidden, outputs)
    return trained - 2 * inputs, averaged - 2 * inputs, idle


def count_the_last_bias_as_idle(inputs, hidden, outputs):
    trained, averaged, idle = count_solution(inputs, hidden, outputs)
    return trained, averaged, idle + outputs


def count_nothing_idle(inputs, hidden, outputs):
    trained, averaged, _ = count_solution(inputs, hidden, outputs)
    return trained, averaged, 0


def count_without_idle_ones(inputs, hidden, outputs):
    trained, averaged, idle = count_solution(inputs, hidden, outputs)
    return trained - idle, averaged, idle


counting = writing(
    "counting",
    stub=count,
    reference=count_solution,
    cases=((4, [3], 2), (3072, [100] * 20, 10), (5, [], 2), (6, [4, 7], 3)),
    praise=(
        "Every bias right before a normalization is idle: the mean of the batch holds it, and is"
        " subtracted. So say use_bias=False."
    ),
    hints=(
        (
            "Each normalization has four numbers a feature: gamma and beta are trained, mean and"
            " variance are followed."
        ),
        (
            "Add 5 to every value of a feature, then subtract the mean of the batch. What is left"
            " of the 5?"
        ),
    ),
    equivalents=(count_in_a_loop,),
    mistakes=(
        Mistake(
            count_training_the_averages,
            "You counted the moving averages among the trained: no gradient reaches them; they"
            " follow the batches.",
        ),
        Mistake(
            count_forgetting_the_inputs,
            "The listing also normalizes its inputs: four numbers for each of them.",
        ),
        Mistake(
            count_the_last_bias_as_idle,
            "No normalization follows the output layer, so its bias does its work.",
        ),
        Mistake(
            count_nothing_idle,
            "Some parameters are idle: think of a bias, added to every example of a feature just"
            " before its mean is taken off.",
        ),
        Mistake(
            count_without_idle_ones,
            "The idle parameters are trained all the same in this listing (their gradient is zero):"
            " count them in the first number.",
        ),
    ),
)


# 5 ------------------------------------------------------------------------------------------------


def fold(kernel, gamma, beta, mean, variance): ...  # return (kernel, bias) of one dense layer


def fold_solution(kernel, gamma, beta, mean, variance):
    scale = gamma / np.sqrt(variance + 0.001)
    return kernel * scale, beta - mean * scale


def fold_by_asking(kernel, gamma, beta, mean, variance):
    def both(x):
        return gamma * (x @ kernel - mean) / np.sqrt(variance + EPSILON) + beta

    bias = both(np.zeros(len(kernel)))
    return both(np.eye(len(kernel))) - bias, bias


def fold_scaling_the_rows(kernel, gamma, beta, mean, variance):
    scale = gamma / np.sqrt(variance + EPSILON)
    return kernel * scale[:, None], beta - mean * scale


def fold_forgetting_the_mean(kernel, gamma, beta, mean, variance):
    return kernel * gamma / np.sqrt(variance + EPSILON), beta


def fold_with_the_mean_unscaled(kernel, gamma, beta, mean, variance):
    return kernel * gamma / np.sqrt(variance + EPSILON), beta - mean


def fold_without_epsilon(kernel, gamma, beta, mean, variance):
    scale = gamma / np.sqrt(variance)
    return kernel * scale, beta - mean * scale


def fold_the_kernel_only(kernel, gamma, beta, mean, variance):
    scale = gamma / np.sqrt(variance + EPSILON)
    return kernel * scale, -mean * scale


def layer_to_fold(seed: int) -> tuple:
    """A square kernel, so that a mistaken axis shows in the numbers, and the weights of a batch
    normalization.
    """
    generator = np.random.default_rng(seed)
    gamma, beta, mean = generator.normal(size=(3, 4))
    return generator.normal(size=(4, 4)), gamma, beta, mean, generator.uniform(0.01, 2, 4)


folding = writing(
    "folding",
    stub=fold,
    reference=fold_solution,
    cases=tuple(map(layer_to_fold, range(3))),
    praise=(
        "After training, batch normalization can vanish into the layer before it: same outputs, no"
        " cost."
    ),
    hints=(
        "Multiply out: what is multiplied with x @ kernel, and what is left over?",
        (
            "scale = gamma / np.sqrt(variance + 0.001) has one number for each *unit*, and so for"
            " each column of the kernel."
        ),
    ),
    equivalents=(fold_by_asking,),
    mistakes=(
        Mistake(
            fold_scaling_the_rows,
            "You scaled the rows of the kernel, which belong to the inputs; a unit is a column."
            " (With a square kernel NumPy cannot warn you.)",
        ),
        Mistake(
            fold_forgetting_the_mean,
            "The kernel is right; the bias must also take the moving mean off.",
        ),
        Mistake(
            fold_with_the_mean_unscaled,
            "The mean is subtracted before the scaling, so it is scaled too: beta - mean * scale.",
        ),
        Mistake(
            fold_without_epsilon, "Almost: the layer divides by the root of (variance + 0.001)."
        ),
        Mistake(fold_the_kernel_only, "Your bias takes the mean off, but beta is missing."),
    ),
)

"""The bootstrap: an interval of the mean."""

import numpy as np

from helpers.exercises.core import Exercise, Mistake, NotYet, call

# 4 ------------------------------------------------------------------------------------------------


def mean_interval(sample, generator): ...  # return (low, high)


def mean_interval_solution(sample, generator):
    rows = generator.integers(0, len(sample), (2000, len(sample)))
    return np.quantile(sample[rows].mean(axis=1), (0.025, 0.975))


def mean_interval_with_a_loop(sample, generator):
    means = [np.mean(generator.choice(sample, size=len(sample))) for _ in range(2000)]
    return np.percentile(means, 2.5), np.percentile(means, 97.5)


def resampled_means(sample, generator, size, replace=True):
    return np.array([generator.choice(sample, size, replace=replace).mean() for _ in range(2000)])


def mean_interval_without_replacement(sample, generator):
    return np.quantile(
        resampled_means(sample, generator, len(sample), replace=False), (0.025, 0.975)
    )


def mean_interval_of_halves(sample, generator):
    return np.quantile(resampled_means(sample, generator, len(sample) // 2), (0.025, 0.975))


def mean_interval_of_the_data(sample, generator):
    return np.quantile(sample, (0.025, 0.975))


def mean_interval_of_ninety(sample, generator):
    return np.quantile(resampled_means(sample, generator, len(sample)), (0.05, 0.95))


def mean_interval_of_one_deviation(sample, generator):
    means = resampled_means(sample, generator, len(sample))
    return means.mean() - means.std(), means.mean() + means.std()


def mean_interval_divided_twice(sample, generator):
    means = resampled_means(sample, generator, len(sample))
    return tuple(means.mean() + np.array([-1.96, 1.96]) * means.std() / np.sqrt(len(sample)))


def ends_agree(given, expected, tolerance: float) -> bool:
    """Whether two intervals have the same ends, up to a distance."""
    return np.shape(given) == np.shape(expected) == (2,) and bool(
        np.allclose(given, expected, rtol=0, atol=tolerance)
    )


INTERVAL_MISTAKES = (
    Mistake(
        mean_interval_without_replacement,
        "Your interval has no width: drawing all values without replacement only reorders them, and"
        " the mean stays. Draw with replacement.",
    ),
    Mistake(
        mean_interval_of_halves,
        "Your interval is too wide: the resamples are smaller than the sample, so their means"
        " spread more. Draw as many values as there are.",
    ),
    Mistake(
        mean_interval_of_the_data,
        "These are quantiles of the values themselves: where single values lie. The question is"
        " where their mean may lie.",
    ),
    Mistake(
        mean_interval_of_ninety,
        "You cut 5 % off each end: that leaves 90 %. For 95 % cut 2.5 % off each end.",
    ),
    Mistake(
        mean_interval_of_one_deviation,
        "One standard deviation to each side holds about 68 % of the means; take the 2.5 % and the"
        " 97.5 % quantile.",
    ),
    Mistake(
        mean_interval_divided_twice,
        "The deviation of the resampled means is the standard error already: do not divide it by"
        " the root of n once more.",
    ),
)


def examine_mean_interval(answer) -> str:
    samples = [
        np.random.default_rng(seed).gamma(2.0, 3.0, size) for seed, size in enumerate((30, 45, 80))
    ]
    given = [call(answer, sample.copy(), np.random.default_rng(7)) for sample in samples]
    allowed = [
        0.26 * sample.std() / np.sqrt(len(sample)) for sample in samples
    ]  # four times what 2,000 resamples leave to chance

    def agrees_with(function) -> bool:
        expected = [function(sample, np.random.default_rng(8)) for sample in samples]
        return all(map(ends_agree, given, expected, allowed))

    if agrees_with(mean_interval_solution):
        return (
            "An interval from the data alone, without a formula for the standard error. It works"
            " for medians, ratios, anything."
        )
    for mistake in INTERVAL_MISTAKES:
        if agrees_with(mistake.answer):
            raise NotYet(mistake.message)
    expected = np.round(mean_interval_solution(samples[0], np.random.default_rng(8)), 2).tolist()
    raise NotYet(
        f"For the first of {len(samples)} samples the interval should be close to {expected}; yours"
        f" is {given[0]!r}."
    )


interval = Exercise(
    "interval",
    stub=mean_interval,
    reference=mean_interval_solution,
    examine=examine_mean_interval,
    hints=(
        (
            "One resample: generator.choice(sample, size=len(sample)). It draws with replacement"
            " unless told otherwise."
        ),
        "Collect 2,000 means; np.quantile gives the ends. How much lies outside on each side?",
    ),
    equivalents=(mean_interval_with_a_loop,),
    mistakes=INTERVAL_MISTAKES,
)

"""The weights that runs begin with: those of fresh models, without building a model for each.

A model that is built under a seed asks Python's generator for a whole number for every initializer
and every random layer that was given no seed, and its weights follow from these numbers. So the
numbers of another seed, put in their places, give the weights of another run, in a tenth of the
time that building takes. What is foretold so for the first two runs must be what their models have;
else the weights come from elsewhere, and every run builds its model.
"""

import random
from collections.abc import Callable

import keras
import numpy as np

from helpers.training.engine import layers_of, state_of
from helpers.training.seeding import seeded

Values = list[np.ndarray]
"""A value for each variable of a model, in the order of `state_of`."""
Origin = Callable[[list[int]], np.ndarray] | None
"""How a variable's value follows from the numbers drawn; None where it does not."""
UNSEEDED = (
    "build() gives other weights each time, whatever the seed: let it draw with "
    "keras.initializers, keras.random, or functions of np.random such as np.random.normal, which "
    "the seed decides."
)
MOST_SEED = 10**9  # Keras draws its seeds from 1 to this


def initial_values(
    build: Callable, first: keras.Model, seeds: list[int]
) -> Callable[[int], Values]:
    """What gives, for a seed of a run, the values that a fresh model begins with.

    `first` is the model that `build` made for the first of the seeds. Raises ValueError for a
    `build` that returns one model twice, or other weights for the same seed.
    """
    known, origins = {seeds[0]: values_of(first)}, origins_of(first, seeds[0])

    def foretold(seed: int) -> Values:
        numbers = numbers_of(seed, len(origins))
        pairs = zip(origins, known[seeds[0]], strict=True)
        return [constant if origin is None else origin(numbers) for origin, constant in pairs]

    def built(seed: int) -> Values:
        return known[seed] if seed in known else values_of(seeded(build, seed))

    if len(seeds) == 1 and same(foretold(seeds[0]), known[seeds[0]]):
        others = [v for origin, v in zip(origins, known[seeds[0]], strict=True) if origin is None]
        if all(len(np.unique(values)) <= 1 for values in others):  # zeros, ones: nothing was drawn
            return built
    other = next((seed for seed in seeds if seed != seeds[0]), seeds[0])
    second = seeded(build, other)
    if second is first:
        raise ValueError(
            "build() must make a new model each time it is called; it returned the same one twice."
        )
    if other in known and not same(values_of(second), known[other]):
        raise ValueError(UNSEEDED)
    known[other] = values_of(second)
    if all(same(foretold(seed), known[seed]) for seed in known):
        return foretold
    if not same(values_of(seeded(build, seeds[0])), known[seeds[0]]):
        raise ValueError(UNSEEDED)
    return built


def origins_of(model: keras.Model, seed: int) -> list[Origin]:
    """For each variable of a model built under `seed`, how its value follows from numbers drawn."""
    variables = state_of(model)
    place = {number: index for index, number in enumerate(numbers_of(seed, len(variables)))}
    initializers = {
        id(variable): getattr(layer, f"{variable.name}_initializer")
        for layer in layers_of(model)
        for variable in layer.variables
        if hasattr(layer, f"{variable.name}_initializer")
    }
    return [origin_of(variable, initializers.get(id(variable)), place) for variable in variables]


def origin_of(variable, initializer, place: dict[int, int]) -> Origin:
    """The origin of one variable, by the places of the numbers drawn for its model."""
    if variable.name == "seed_generator_state":
        start = place.get(int(variable.value[0]))
        return start if start is None else lambda numbers: np.array([numbers[start], 0], "uint32")
    number = getattr(initializer, "seed", None)
    if not isinstance(number, int) or number not in place:
        return None
    kind, config, index = type(initializer), initializer.get_config(), place[number]

    def value(numbers: list[int]) -> np.ndarray:
        drawn = kind.from_config(config | {"seed": numbers[index]})
        return np.asarray(drawn(variable.shape, variable.dtype))

    return value


def numbers_of(seed: int, count: int) -> list[int]:
    """The first seeds that Keras draws for what has none of its own, once `seed` is set."""
    generator = random.Random(int(seed))
    return [generator.randint(1, MOST_SEED) for _ in range(count)]


def values_of(model: keras.Model) -> Values:
    """The values of all variables of a model."""
    return [np.asarray(variable.numpy()) for variable in state_of(model)]


def same(ones: Values, others: Values) -> bool:
    """Whether all these arrays are equal."""
    alike = len(ones) == len(others)
    return alike and all(map(np.array_equal, ones, others))

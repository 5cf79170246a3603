"""Stacks of dense layers in NumPy, with batch normalization or without: gradients in each layer.

A net is a list in which each hidden layer, and last the output layer, is a `Block`. Batch
normalization, where a block has it, stands between the kernel and the activation, and works as in
training: by the mean and the variance of the batch.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from helpers.reference import deep_nets
from helpers.reference.deep_nets import rms
from helpers.reference.layers import (
    ACTIVATIONS,
    batch_normalization,
    batch_normalization_backward,
    softmax_cross_entropy,
)
from helpers.reference.layers.batch_normalization import Cache


class Block(NamedTuple):
    """A dense layer: kernel (inputs, units), and what is added to its sums, shape (units,).

    With `gamma` the sums are normalized and multiplied by it; `shift` is then batch normalization's
    beta, and else the bias.
    """

    kernel: np.ndarray
    shift: np.ndarray
    gamma: np.ndarray | None = None


class Sizes(NamedTuple):
    """Sizes of gradients in each hidden layer, from the first to the last, shape (layers,).

    `weights`: the length of the gradient by the kernel over the length of the kernel; `outputs`:
    the root mean square of the gradient by the layer's outputs.
    """

    weights: np.ndarray
    outputs: np.ndarray


def initial(
    start: str, widths: Sequence[int], generator: np.random.Generator, *, normalized: bool = False
) -> list[Block]:
    """A net with fresh weights, for the numbers of inputs, of each layer's units and of outputs.

    `start` is one of those of `deep_nets.initial`, such as "Glorot" or "He". Raises KeyError for
    another name.
    """
    blocks = []
    for kernel in deep_nets.initial(start, widths, generator):
        units = kernel.shape[1]
        hidden = normalized and len(blocks) < len(widths) - 2
        gamma = np.ones(units, np.float32) if hidden else None
        blocks.append(Block(kernel, np.zeros(units, np.float32), gamma))
    return blocks


def from_keras(weights: Sequence[np.ndarray], *, normalized: bool) -> list[Block]:
    """The net of `models.mlp`, or of `models.batch_normalized_mlp`, from the model's weights."""
    hidden, (kernel, bias) = weights[:-2], weights[-2:]
    step = 5 if normalized else 2
    parts = [hidden[start : start + step] for start in range(0, len(hidden), step)]
    if normalized:  # moving mean and variance are not needed in training
        blocks = [Block(kernel, beta, gamma) for kernel, gamma, beta, *_ in parts]
    else:
        blocks = [Block(*part) for part in parts]
    return [*blocks, Block(kernel, bias)]


def gradient_sizes(
    blocks: list[Block], activation: str, x: np.ndarray, labels: np.ndarray
) -> Sizes:
    """How large the gradients of the mean loss over the batch are, in each hidden layer."""
    function, passed = ACTIVATIONS[activation], []
    for block in blocks[:-1]:
        z, cache = _sums(block, x)
        passed.append((block, x, z, cache))
        x = function.value(z)
    scores, _ = _sums(blocks[-1], x)
    _, gradient = softmax_cross_entropy(scores, labels)
    following, weights, outputs = blocks[-1], [], []
    for block, x, z, cache in reversed(passed):
        by_output = gradient @ following.kernel.T
        outputs.append(rms(by_output))
        gradient = by_output * function.slope(z).astype(z.dtype)  # single precision stays so
        if cache is not None:
            gradient, *_ = batch_normalization_backward(gradient, block.gamma, cache)
        weights.append(rms(x.T @ gradient) / rms(block.kernel))
        following = block
    return Sizes(np.array(weights[::-1]), np.array(outputs[::-1]))


def _sums(block: Block, x: np.ndarray) -> tuple[np.ndarray, Cache | None]:
    """What the activation gets, shape (n, units)."""
    if block.gamma is None:
        return x @ block.kernel + block.shift, None
    return batch_normalization(x @ block.kernel, block.gamma, block.shift)

"""What a training step costs in memory and traffic: `python -m studies.step_costs`, with JAX.

The compiler that TensorFlow and JAX share, XLA, counts them for OPT-06 and OPT-10 without running
anything; JAX hands its counts out. They are whole numbers that depend on the version alone. Run it
in JAX's environment, `build/venv/jax`; audit 3 reads the results file.
"""

import argparse
import json
from datetime import date
from pathlib import Path

import jax
import jax.numpy as jnp

RESULTS = Path(__file__).parents[1] / "notebooks" / "results" / "03_step_costs.json"
BATCHES = (1, 8, 32, 128, 256, 512)
DENSE = {"784-64-10": (784, 64, 10), "784-128-64-10": (784, 128, 64, 10)}
CONVOLUTIONS = ((3, 3, 1, 8), (3, 3, 8, 16))  # kernels of the small convolutional net, stride 2
PICTURE = (28, 28, 1)
FLAT = 7 * 7 * 16


def outputs(weights: list, x):
    """Dense layers with ReLU, after convolutions where the weights have four axes."""
    for weight, bias in weights:
        if weight.ndim == 4:
            x = jax.lax.conv_general_dilated(
                x, weight, (2, 2), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
        else:
            x = x.reshape(len(x), -1) @ weight
        x = x + bias
        x = x if bias.shape == (10,) else jnp.maximum(x, 0)
    return x


def loss(weights: list, x, y):
    """The mean cross-entropy of a batch."""
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs(weights, x)), y[:, None], 1))


def step(weights: list, x, y):
    """Plain gradient descent by one step."""
    slopes = jax.grad(loss)(weights, x, y)
    return jax.tree.map(lambda weight, slope: weight - 0.01 * slope, weights, slopes)


def shapes(net: str) -> list:
    """Shapes of the weights and biases of each layer of a net."""
    sizes = DENSE.get(net)
    if sizes:
        return [((a, b), (b,)) for a, b in zip(sizes, sizes[1:], strict=False)]
    return [(kernel, kernel[-1:]) for kernel in CONVOLUTIONS] + [((FLAT, 10), (10,))]


def costs(net: str, batch: int) -> dict:
    """Bytes that a step reads and writes, and those that it needs at once, with a batch."""
    weights = [tuple(jax.ShapeDtypeStruct(s, jnp.float32) for s in pair) for pair in shapes(net)]
    inputs = (784,) if net in DENSE else PICTURE
    x = jax.ShapeDtypeStruct((batch, *inputs), jnp.float32)
    compiled = jax.jit(step).lower(weights, x, jax.ShapeDtypeStruct((batch,), jnp.int32)).compile()
    memory = compiled.memory_analysis()
    return {
        "traffic": int(compiled.cost_analysis()["bytes accessed"]),
        "arguments": memory.argument_size_in_bytes,
        "results": memory.output_size_in_bytes,
        "temporary": memory.temp_size_in_bytes,
    }


def main() -> None:
    """Write the costs of every net and batch size to the results file."""
    parser = argparse.ArgumentParser(prog="python -m studies.step_costs", description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    path = parser.parse_args().out
    nets = (*DENSE, "convolutional")
    found = {
        "date": date.today().isoformat(),
        "versions": {"jax": jax.__version__},
        "device": jax.devices()[0].platform,
        "settings": {net: {str(batch): costs(net, batch) for batch in BATCHES} for net in nets},
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the notes say of PyTorch, run in PyTorch: `python studies/pytorch.py`.

It needs `numpy` and `torch` (its CPU build is enough) in an environment of its own, and nothing of
the course, whose set-up has no PyTorch. Audit 3 reads the results file: OPT-17, OPT-20, OPT-26 and
QA-05.
"""

import argparse
import inspect
import json
import platform
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import torch

RESULTS = Path(__file__).parents[1] / "notebooks" / "results" / "03_pytorch.json"
RATE, FRICTION, STEPS = 0.01, 0.9, 200
BOWL = np.linspace(1, 20, 20)


def net_and_loss() -> tuple[torch.nn.Module, Callable]:
    """A small net in double precision and its loss on twelve points."""
    torch.manual_seed(0)
    layers = [torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)]
    net = torch.nn.Sequential(*layers).double()
    x, y = torch.randn(12, 3).double(), torch.randint(0, 2, (12,))
    return net, lambda: torch.nn.functional.cross_entropy(net(x), y)


def values(parameters) -> np.ndarray:
    """All numbers of the parameters as one vector."""
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in parameters])


def gradients(net: torch.nn.Module) -> np.ndarray:
    """What .grad holds, as one vector; NaN where it is missing."""
    parts = [torch.full_like(p, torch.nan) if p.grad is None else p.grad for p in net.parameters()]
    return values(parts)


def finite_differences(net: torch.nn.Module, loss: Callable, width: float = 1e-5) -> np.ndarray:
    """The gradient of the loss from its values alone."""
    found = []
    with torch.no_grad():
        for parameter in net.parameters():
            flat = parameter.view(-1)
            for place in range(len(flat)):
                kept, around = flat[place].item(), []
                for shift in (width, -width):
                    flat[place] = kept + shift
                    around.append(loss().item())
                flat[place] = kept
                found.append((around[0] - around[1]) / (2 * width))
    return np.array(found)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """How far two vectors are apart, relative to the second."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def backward_and_step() -> dict:
    """What backward() leaves in the tensors, and what step() makes of it: OPT-17, QA-05."""
    net, loss = net_and_loss()
    numerical, before = finite_differences(net, loss), values(net.parameters())
    optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
    loss().backward()
    once, unmoved = gradients(net), np.array_equal(before, values(net.parameters()))
    optimizer.step()
    moved = values(net.parameters()) - before
    net, loss = net_and_loss()
    stranger = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=RATE)
    for _ in range(2):
        loss().backward()
    stranger.step()
    return {
        "gradient against finite differences": apart(once, numerical),
        "parameters unmoved by backward": unmoved,
        "step against minus rate times gradient": apart(moved, -RATE * numerical),
        "arguments of step": list(inspect.signature(optimizer.step).parameters),
        "two backwards against twice the gradient": apart(gradients(net), 2 * numerical),
        "moved by an optimizer of other parameters": not np.array_equal(
            before, values(net.parameters())
        ),
    }


def default_optimizer() -> dict:
    """Whether a step can be made without naming a rule: OPT-17."""
    net, loss = net_and_loss()
    loss().backward()
    unnamed = torch.optim.Optimizer(net.parameters(), {"lr": RATE})
    try:
        unnamed.step()
        outcome = "a step"
    except NotImplementedError:
        outcome = "NotImplementedError"
    rules = [
        name
        for name, kind in vars(torch.optim).items()
        if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer)
    ]
    steps = [name for name in ("step", "fit", "train_step", "optimizer") if hasattr(net, name)]
    return {
        "step of the base class": outcome,
        "methods of a module that could step": steps,
        "rules to choose from": len(set(rules) - {"Optimizer"}),
        "SGD without a rate": str(inspect.signature(torch.optim.SGD).parameters["lr"].default),
    }


def momentum(nesterov: bool) -> list[float]:
    """Where PyTorch's SGD gets on a bowl in 200 steps with momentum 0.9: OPT-20."""
    place = torch.ones(len(BOWL), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([place], lr=RATE, momentum=FRICTION, nesterov=nesterov)
    for _ in range(STEPS):
        optimizer.zero_grad()
        (torch.tensor(BOWL) * place**2).sum().div(2).backward()
        optimizer.step()
    return values([place]).tolist()


def numbers_held(steps: tuple[int, ...] = (1, 10, 100, 1_000)) -> dict:
    """How many numbers Adadelta holds for 20 parameters after so many steps: OPT-26."""
    place = torch.ones(len(BOWL), requires_grad=True)
    optimizer, held = torch.optim.Adadelta([place]), {}
    for number in range(1, max(steps) + 1):
        place.grad = torch.randn(len(BOWL))
        optimizer.step()
        state = optimizer.state[place].values()
        held[str(number)] = sum(torch.as_tensor(part).numel() for part in state)
    return {str(number): held[str(number)] for number in steps}


def main() -> None:
    """Run everything and write the results file."""
    parser = argparse.ArgumentParser(prog="python studies/pytorch.py", description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    path = parser.parse_args().out
    found = {
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "settings": {
            "backward and step": backward_and_step(),
            "no rule named": default_optimizer(),
            "bowl": {"momentum": momentum(False), "nesterov": momentum(True)},
            "numbers held by Adadelta": numbers_held(),
        },
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What train() and eval() change in PyTorch: `python studies/pytorch_modes.py`.

As `studies/pytorch.py` it needs `numpy` and `torch` (its CPU build is enough) in an environment of
its own, and nothing of the course. Audit 5 reads the results file: QA-03 and QA-04.
"""

import argparse
import json
import platform
from datetime import date
from pathlib import Path

import torch

RESULTS = Path(__file__).parents[1] / "notebooks" / "results" / "05_pytorch.json"


def net() -> torch.nn.Module:
    """A linear layer, batch normalization, dropout, and an output."""
    torch.manual_seed(0)
    parts = [torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.5)]
    return torch.nn.Sequential(*parts, torch.nn.Linear(8, 1))


def flags(module: torch.nn.Module) -> dict[str, bool]:
    """Which parameters have requires_grad True."""
    return {name: parameter.requires_grad for name, parameter in module.named_parameters()}


def passes_differ(module: torch.nn.Module, x: torch.Tensor) -> bool:
    """Whether two passes with the same inputs give different outputs."""
    with torch.no_grad():
        return not torch.equal(module(x), module(x))


def training_mode() -> dict:
    """A frozen parameter through eval() and train(): QA-03."""
    module, x = net(), torch.randn(32, 4)
    frozen = "0.weight"
    module.get_parameter(frozen).requires_grad_(False)
    found: dict = {"frozen": frozen, "before": flags(module)}
    module.eval()
    found |= {"after eval()": flags(module), "passes differ after eval()": passes_differ(module, x)}
    module.train()
    found |= {
        "after train()": flags(module),
        "training": module.training,
        "passes differ after train()": passes_differ(module, x),
    }
    module.requires_grad_(True)
    return found | {"after requires_grad_(True)": flags(module)}


def evaluation_mode() -> dict:
    """Flags and gradients of a backward pass after eval(), and under no_grad(): QA-04."""
    module, x = net(), torch.randn(32, 4)
    module.eval()
    module(x).square().mean().backward()
    norms = {
        name: None if parameter.grad is None else float(parameter.grad.norm())
        for name, parameter in module.named_parameters()
    }
    with torch.no_grad():
        loss = module(x).square().mean()
    return {
        "training": module.training,
        "flags": flags(module),
        "norms of the gradients": norms,
        "a loss under no_grad() requires a gradient": loss.requires_grad,
    }


def main() -> None:
    """Run everything and write the results file."""
    parser = argparse.ArgumentParser(
        prog="python studies/pytorch_modes.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="default: %(default)s")
    path = parser.parse_args().out
    found = {
        "date": date.today().isoformat(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "settings": {"train()": training_mode(), "eval()": evaluation_mode()},
    }
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

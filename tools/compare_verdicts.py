"""Compare the verdicts of executed notebooks before and after a change: `python -m
tools.compare_verdicts BEFORE AFTER`.

Both are folders with executed notebooks. Told are the verdicts (id, setting) whose effect, interval
or word differs.
"""

import argparse
import json
from pathlib import Path

MIME_TYPE = "application/vnd.course.verdict+json"
FIELDS = ("verdict", "effect", "low", "high", "runs", "margin")


def verdicts(notebook: Path) -> dict[tuple, dict]:
    """The last verdict of each statement and setting that an executed notebook holds."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", ())]
    found = [data[MIME_TYPE] for data in outputs if MIME_TYPE in data]
    return {(each["id"], each["setting"]): each for each in found}


def differences(before: dict[tuple, dict], after: dict[tuple, dict]) -> list[str]:
    """What differs between two sets of verdicts, in words."""
    lines = [f"{name} only before" for name in before.keys() - after.keys()]
    lines += [f"{name} only after" for name in after.keys() - before.keys()]
    for name in before.keys() & after.keys():
        pair = before[name], after[name]
        changed = [field for field in FIELDS if not same(*(one[field] for one in pair))]
        if changed:
            told = ", ".join(f"{field} {pair[0][field]} -> {pair[1][field]}" for field in changed)
            lines.append(f"{name} {told}")
    return sorted(lines)


def same(one, other) -> bool:
    """Equal, or equal numbers up to the rounding of float32."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-5 * max(abs(one), abs(other)) + 1e-12
    return one == other


def main() -> int:
    """Compare; the exit status: 0 if all verdicts are equal."""
    parser = argparse.ArgumentParser(prog="python -m tools.compare_verdicts")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    folders = parser.parse_args()
    total = unequal = 0
    for path in sorted(folders.before.rglob("[0-9]*.ipynb")):
        name = path.relative_to(folders.before)
        if not (folders.after / name).exists():
            continue
        found = verdicts(path)
        told = differences(found, verdicts(folders.after / name))
        total, unequal = total + len(found), unequal + len(told)
        print(f"{name}: {len(found)} verdicts, {len(told)} differ", *told, sep="\n  ")
    print(f"{unequal} of {total} differ")
    return int(unequal > 0)


if __name__ == "__main__":
    raise SystemExit(main())

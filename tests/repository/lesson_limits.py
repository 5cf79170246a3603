"""What a lesson asks of its reader, and where that is more than the course promises."""

import re
from dataclasses import dataclass

from nbformat import NotebookNode

WORDS_A_MINUTE, LINES_A_MINUTE, MINUTES_AN_EXERCISE = 200, 10, 5
MOST_MINUTES, MOST_LINES, LONGEST_CELL, EXERCISES = 60, 250, 25, 5
COLLAPSED = {"setup", "hide-input"}
"""Tags of cells whose code the book folds."""
EXERCISE = re.compile(r"^### Exercise \d", re.MULTILINE)


@dataclass(frozen=True)
class Effort:
    """What a lesson asks of its reader."""

    words: int
    lines: int  # of code that is not collapsed
    longest: int  # lines of its longest cell, collapsed or not
    exercises: int

    @property
    def minutes(self) -> float:
        """For reading the words and the code, and for the exercises."""
        reading = self.words / WORDS_A_MINUTE + self.lines / LINES_A_MINUTE
        return reading + MINUTES_AN_EXERCISE * self.exercises


def effort(content: NotebookNode) -> Effort:
    """Count what a lesson's notebook asks. Every line of a cell counts, also an empty one."""
    prose = [cell.source for cell in content.cells if cell.cell_type == "markdown"]
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    shown = [cell for cell in code if not COLLAPSED.intersection(cell.metadata.get("tags", ()))]
    lines = {id(cell): len(cell.source.splitlines()) for cell in code}
    return Effort(
        words=sum(len(text.split()) for text in prose),
        lines=sum(lines[id(cell)] for cell in shown),
        longest=max(lines.values(), default=0),
        exercises=sum(len(EXERCISE.findall(text)) for text in prose),
    )


def limit_faults(content: NotebookNode) -> list[str]:
    """How a lesson breaks its limits, with the numbers."""
    asked = effort(content)
    broken = {
        f"takes {asked.minutes:.1f} minutes, of at most {MOST_MINUTES}": (
            asked.minutes > MOST_MINUTES
        ),
        f"shows {asked.lines} lines of code, of at most {MOST_LINES}": asked.lines > MOST_LINES,
        f"has a cell of {asked.longest} lines, of at most {LONGEST_CELL}": (
            asked.longest > LONGEST_CELL
        ),
        f"has {asked.exercises} exercises, not {EXERCISES}": asked.exercises != EXERCISES,
    }
    faults = [fault for fault, found in broken.items() if found]
    for number, cell in enumerate(content.cells, start=1):
        folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        if folded != ("hide-input" in cell.metadata.get("tags", ())):
            faults.append(f"cell {number} is collapsed in the book or in JupyterLab, not in both")
    return faults

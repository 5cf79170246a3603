"""What a notebook's kernel does with its cells, without a screen."""

import ast
import asyncio
import atexit
import importlib
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@dataclass(frozen=True)
class Cell:
    """A code cell and the number that it had when it last ran; None where it has not run."""

    source: str
    number: int | None = None


class Kernel(InteractiveShell):
    """IPython's shell as a kernel has it, with a new `__main__`; the error of its last cell."""

    error: BaseException | None = None

    def ask_exit(self) -> None:
        """What `exit()` asks for."""
        raise SystemExit

    def enable_gui(self, *_) -> None:
        """Nothing, for `%matplotlib inline`: there is no window."""

    def showtraceback(self, *_, **__) -> None:
        """Keep the error; nobody reads its text, which may be a megabyte or code of a learner's."""
        self.error = sys.exc_info()[1]

    showsyntaxerror = showindentationerror = showtraceback

    def _format_exception_for_storage(self, *_, **__) -> dict:
        """Nothing, as above, for the history; it would take half a second."""
        return {}


class Omitting(ast.NodeTransformer):
    """Puts `pass` in the place of the statements whose dumps are given."""

    def __init__(self, omitted: Iterable[str]):
        self.omitted = frozenset(omitted)

    def visit_Module(self, node: ast.Module) -> ast.Module:
        """A cell, or what stands behind %time."""
        node.body = [ast.Pass() if ast.dump(one) in self.omitted else one for one in node.body]
        return node


def started(omitted: Iterable[str]) -> Kernel:
    """A new kernel in this folder, in the place of any other; statements with the `omitted` dumps
    do not run in it.
    """
    Kernel.clear_instance()
    without_threads = Config(HistoryManager={"enabled": False})
    shell = Kernel.instance(config=without_threads, ipython_dir=".ipython")
    # The process ends with its work; IPython would look through all its memory before.
    atexit.unregister(shell.atexit_operations)
    shell.run_line_magic("load_ext", "storemagic")  # %store, which kernels have
    shell.ast_transformers.append(Omitting(omitted))
    if "" not in sys.path:
        sys.path.insert(0, "")  # what %%writefile writes can be imported
    return shell


def run(
    shell: Kernel,
    cells: Iterable[Cell],
    failed: Callable[[BaseException], Any],
    *,
    counted: bool = True,
) -> None:
    """Run the cells one after the other; `failed` is told each error, which ends its cell only.

    Cells that are not counted have no number and no part in `In` and `Out`.
    """

    async def in_order() -> None:  # in one event loop, which is running, as in a kernel
        for cell in cells:
            if cell.number is not None:
                count_to(shell, cell.number)
            if error := await error_of(shell, cell.source, counted):
                failed(error)

    asyncio.run(in_order())


def count_to(shell: Kernel, number: int) -> None:
    """Have the next cell be the one with this number."""
    shell.execution_count = number
    inputs = shell.user_ns_hidden["In"]
    inputs += [""] * (number - len(inputs))


async def error_of(shell: Kernel, source: str, counted: bool) -> BaseException | None:
    """Run one cell; the error that ended it."""
    importlib.invalidate_caches()  # the file of a module may be as new as the last look for it
    shell.error = None
    try:
        transformed = shell.transform_cell(source)
        await shell.run_cell_async(source, store_history=counted, transformed_cell=transformed)
    except Exception as error:  # from IPython itself: no Python, or an error that cannot be told
        return shell.error or error
    return shell.error

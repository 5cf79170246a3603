"""Show lines and figures to people, JSON to machines, and descriptions to who cannot see."""

import base64
import html
import io
import sys
from dataclasses import dataclass

SHARPNESS = 2
"""Pixels of a figure for each one that it takes up: sharp screens show them all."""
PADDING = "margin:.2em 0;padding:.35em .7em;border-left:.3em solid {color};line-height:1.45"


def in_notebook() -> bool:
    """True where output can be more than text."""
    ipython = sys.modules.get("IPython")
    return bool(ipython and getattr(ipython.get_ipython(), "kernel", None))


def offer(name: str, thing: object) -> None:
    """Let whoever runs this notebook use the name, unless the notebook has given it away.

    So a reader's `choosing.hint()` works as `ex.choosing.hint()` does.
    """
    if in_notebook():
        sys.modules["IPython"].get_ipython().user_ns.setdefault(name, thing)


@dataclass
class Counted:
    """A cell of a notebook by its number, and how often it has been counted."""

    cell: int = -1
    times: int = 0


COUNTED = Counted()


def times_in_cell() -> int:
    """How often it was asked in this cell of a notebook, this time included; elsewhere always 1."""
    if not in_notebook():
        return 1
    cell = sys.modules["IPython"].get_ipython().execution_count
    COUNTED.times = COUNTED.times + 1 if cell == COUNTED.cell else 1
    COUNTED.cell = cell
    return COUNTED.times


def say(text: str) -> None:
    """Print the text; a terminal that lacks one of its characters gets a question mark instead."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


def let_streams_replace() -> None:
    """Have both streams print a question mark for a character that the terminal lacks.

    For programs, whose streams are their own; libraries `say`.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def show_line(text: str, markup: str, color: str, data: dict) -> None:
    """Show one line: `text` where there is only text, `markup` (HTML) in a notebook.

    `data` maps a MIME type to what is recorded under it, as JSON.
    """
    if not in_notebook():
        say(text)
        return
    from IPython.display import display

    box = f'<div style="{PADDING.format(color=color)}">{markup}</div>'
    display({"text/plain": text, "text/html": box, **data}, raw=True)


def png(figure) -> bytes:
    """The matplotlib figure as a PNG file, in 128 colours for small notebooks; it is closed."""
    from matplotlib import pyplot
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110 * SHARPNESS, bbox_inches="tight", facecolor="white")
    pyplot.close(figure)
    Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        small, format="png", optimize=True
    )
    return small.getvalue()


def show_figure(figure, alt: str) -> None:
    """Show a matplotlib figure as PNG with the text `alt` for screen readers, and close it.

    Raises ValueError where `alt` says nothing.
    """
    check_alt(alt)
    image = png(figure)
    if not in_notebook():
        say(f"[figure: {alt}]")
        return
    from IPython.display import display

    bundle = {"image/png": base64.b64encode(image).decode(), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt, "width": shown_width(image)}})


def shown_width(image: bytes) -> int:
    """The width to show a figure of `png` at, in the page's pixels."""
    from PIL import Image

    return Image.open(io.BytesIO(image)).width // SHARPNESS


def image_tag(image: bytes, alt: str) -> str:
    """A figure of `png` as an HTML image that carries its bytes and the text `alt`."""
    source = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    return f'<img alt="{escape(alt)}" width="{shown_width(image)}" src="{source}">'


def check_alt(alt: str) -> None:
    """Raise ValueError for a text that is too short to say what a figure shows."""
    if len(alt.split()) < 4:
        raise ValueError(f"alt is {alt!r}: say in a sentence what the figure shows.")


def escape(text: str) -> str:
    """`text` as HTML."""
    return html.escape(str(text))

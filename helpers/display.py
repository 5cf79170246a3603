"""Show things: one line for people, JSON for machines, figures with a text for those who cannot see them."""

import base64
import html
import io
import sys

PADDING = "margin:.2em 0;padding:.35em .7em;border-left:.3em solid {color};line-height:1.45"


def in_notebook() -> bool:
    """True where output can be more than text."""
    ipython = sys.modules.get("IPython")
    return bool(ipython and getattr(ipython.get_ipython(), "kernel", None))


def show_line(text: str, markup: str, color: str, data: dict) -> None:
    """Show one line: `text` where there is only text, `markup` (HTML) in a notebook; `data` maps a MIME type to JSON."""
    if not in_notebook():
        print(text)
        return
    from IPython.display import display

    box = f'<div style="{PADDING.format(color=color)}">{markup}</div>'
    display({"text/plain": text, "text/html": box, **data}, raw=True)


def png(figure) -> bytes:
    """The matplotlib figure as a PNG file, in 128 colours to keep notebooks small; the figure is closed."""
    from matplotlib import pyplot
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110, bbox_inches="tight", facecolor="white")
    pyplot.close(figure)
    Image.open(drawn).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue()


def show_figure(figure, alt: str) -> None:
    """Show a matplotlib figure as PNG with the text `alt` for screen readers, and close it.

    Raises ValueError where `alt` says nothing.
    """
    if len(alt.split()) < 4:
        raise ValueError(f"alt is {alt!r}: say in a sentence what the figure shows.")
    image = png(figure)
    if not in_notebook():
        print(f"[figure: {alt}]")
        return
    from IPython.display import display

    bundle = {"image/png": base64.b64encode(image).decode(), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})


def escape(text: str) -> str:
    """`text` as HTML."""
    return html.escape(str(text))

"""Show lines and figures to people, JSON to machines, and descriptions to who cannot see."""

import base64
import html
import io
import sys

PADDING = "margin:.2em 0;padding:.35em .7em;border-left:.3em solid {color};line-height:1.45"


def in_notebook() -> bool:
    """True where output can be more than text."""
    ipython = sys.modules.get("IPython")
    return bool(ipython and getattr(ipython.get_ipython(), "kernel", None))


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
    figure.savefig(drawn, format="png", dpi=110, bbox_inches="tight", facecolor="white")
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
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})


def gif(figure, draw, frames: int, *, milliseconds: int = 90) -> bytes:
    """The matplotlib figure as an animated GIF of `frames` pictures in 128 colours; it is closed.

    `draw(number)` moves the figure to each of its frames.
    """
    from matplotlib import pyplot
    from PIL import Image

    figure.set_dpi(90)
    pictures = []
    for number in range(frames):
        draw(number)
        figure.canvas.draw()
        drawn = Image.frombytes(
            "RGBA",
            figure.canvas.get_width_height(physical=True),
            bytes(figure.canvas.buffer_rgba()),
        )
        pictures.append(drawn.convert("RGB"))
    pyplot.close(figure)
    # The last picture holds every colour.
    palette = pictures[-1].quantize(128, dither=Image.Dither.NONE)
    first, *others = [
        picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures
    ]
    file = io.BytesIO()
    first.save(
        file, format="gif", save_all=True, append_images=others, duration=milliseconds, loop=0
    )
    return file.getvalue()


def show_animation(image: bytes, alt: str) -> None:
    """Show an animated GIF with the text `alt`; readers can fold it away when it disturbs them.

    Raises ValueError where `alt` says nothing.
    """
    check_alt(alt)
    if not in_notebook():
        say(f"[animation: {alt}]")
        return
    from IPython.display import display

    picture = image_tag(image, "gif", alt)
    summary = "<summary>Animation (close to stop it)</summary>"
    markup = f"<details open>{summary}{picture}</details>"
    display({"text/html": markup, "text/plain": alt}, raw=True)


def image_tag(image: bytes, kind: str, alt: str) -> str:
    """An HTML image that carries its bytes (of a "png" or a "gif") and the text `alt`."""
    source = f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
    return f'<img alt="{escape(alt)}" src="{source}">'


def check_alt(alt: str) -> None:
    """Raise ValueError for a text that is too short to say what a figure shows."""
    if len(alt.split()) < 4:
        raise ValueError(f"alt is {alt!r}: say in a sentence what the figure shows.")


def escape(text: str) -> str:
    """`text` as HTML."""
    return html.escape(str(text))

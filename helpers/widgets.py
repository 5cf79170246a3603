"""Interactive figures: a slider over figures that are drawn on demand, for whoever is watching."""

import base64
import functools

from helpers import display, runtime


def slider_over(draw, values, *, label: str) -> None:
    """Show a slider over `values` and below it the figure `draw(value)`; nothing where nobody can move it.

    Each figure is drawn once, when it is first asked for. `draw` returns a figure and a sentence that says what it shows.
    A notebook that is read without a kernel shows the static figure beside it instead.
    """
    if not (display.in_notebook() and runtime.somebody_is_watching()):
        return
    import ipywidgets
    from IPython.display import display as show

    picture = functools.cache(lambda value: image_tag(*draw(value)))
    slider = ipywidgets.SelectionSlider(options=list(values), description=label, continuous_update=True)
    image = ipywidgets.HTML(picture(slider.value))
    slider.observe(lambda change: setattr(image, "value", picture(change["new"])), names="value")
    show(ipywidgets.VBox([slider, image]))


def image_tag(figure, alt: str) -> str:
    """An HTML image of the figure with `alt` as its text; the figure is closed."""
    image = base64.b64encode(display.png(figure)).decode()
    return f'<img alt="{display.escape(alt)}" src="data:image/png;base64,{image}">'

"""Interactive figures: sliders over figures that are drawn on demand, for whoever is watching."""

import functools

from helpers import display, runtime


def slider_over(draw, values, *, label: str) -> None:
    """Show a slider over `values` and below it the figure `draw(value)`: see `sliders_over`."""
    sliders_over(draw, {label: values})


def sliders_over(draw, values: dict) -> None:
    """Show one slider for each label of `values` and below them the figure `draw(value, ...)`.

    Where nobody can move sliders, nothing is shown. Each figure is drawn once, when it is first
    asked for. `draw` returns a figure and a sentence that says what it shows. A notebook that is
    read without a kernel shows the static figure beside it instead.
    """
    if not (display.in_notebook() and runtime.somebody_is_watching()):
        return
    import ipywidgets
    from IPython.display import display as show

    @functools.cache
    def picture(*chosen):
        figure, alt = draw(*chosen)
        return display.image_tag(display.png(figure), alt)

    sliders = [
        ipywidgets.SelectionSlider(
            options=list(options),
            description=label,
            continuous_update=True,
            style={"description_width": "8em"},
        )
        for label, options in values.items()
    ]
    image = ipywidgets.HTML()

    def refresh(_=None):
        image.value = picture(*[slider.value for slider in sliders])

    for slider in sliders:
        slider.observe(refresh, names="value")
    refresh()
    show(ipywidgets.VBox([*sliders, image]))

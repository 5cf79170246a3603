"""Figures under sliders."""

from helpers import display, plots, runtime


def test_every_slider_moves_the_figure(monkeypatch):
    drawn, shown = [], []

    def draw(rate, friction):
        drawn.append((rate, friction))
        with plots.canvas(width=2, height=1) as (figure, _):
            return figure, f"Picture of {rate} and {friction}."

    monkeypatch.setattr(display, "in_notebook", lambda: True)
    monkeypatch.setattr(runtime, "somebody_is_watching", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    plots.sliders_over(draw, {"rate": [0.1, 0.2], "friction": [0.0, 0.9]})
    rate, friction, image = shown[0].children
    rate.value = 0.2
    friction.value = 0.9
    assert "Picture of 0.2 and 0.9." in image.value
    rate.value = 0.1
    rate.value = 0.2
    assert drawn == [(0.1, 0.0), (0.2, 0.0), (0.2, 0.9), (0.1, 0.9)]  # each once


def test_nobody_watching_sees_no_sliders(monkeypatch):
    monkeypatch.setattr(runtime, "somebody_is_watching", lambda: False)
    plots.sliders_over(None, {"rate": [1]})
    plots.slider_over(None, [1], label="rate")

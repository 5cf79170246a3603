"""Moving pictures: animated GIFs, and figures under several sliders."""

import io

import pytest
from PIL import Image

from helpers import display, plots, runtime
from helpers.reference import optimizers, surfaces


def moving_title():
    with plots.canvas(width=3, height=2) as (figure, axes):
        return display.gif(
            figure, lambda number: axes.set_title(f"frame {number}"), 4, milliseconds=50
        )


def test_a_gif_has_its_frames_and_goes_round():
    picture = Image.open(io.BytesIO(moving_title()))
    assert (picture.format, picture.n_frames, picture.info["duration"], picture.info["loop"]) == (
        "GIF",
        4,
        50,
        0,
    )
    first = picture.convert("RGB").tobytes()
    picture.seek(3)
    assert picture.convert("RGB").tobytes() != first


def test_a_race_runs_to_the_end_of_its_paths():
    walked = {
        name: surfaces.path(rule, surfaces.double_well, (1.2, 0.5), 10, learning_rate=0.05)
        for name, rule in (("plain", optimizers.sgd), ("momentum", optimizers.momentum))
    }
    assert Image.open(io.BytesIO(plots.race(surfaces.double_well, walked, stride=2))).n_frames == 6


def test_an_animation_says_what_it_shows(capsys):
    with pytest.raises(ValueError, match="say in a sentence"):
        display.show_animation(moving_title(), "a title")
    display.show_animation(moving_title(), "A title that counts from zero to three.")
    assert "counts from zero" in capsys.readouterr().out


def test_an_animation_in_a_notebook_has_alt_text_and_can_be_closed(monkeypatch):
    shown = []
    monkeypatch.setattr(display, "in_notebook", lambda: True)
    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, **_: shown.append(bundle["text/html"])
    )
    display.show_animation(moving_title(), 'A title "that" counts from zero.')
    assert shown[0].startswith("<details open>")
    assert 'alt="A title &quot;that&quot; counts from zero."' in shown[0]


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

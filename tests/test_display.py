"""What is shown: text where there is only text, in a notebook HTML, JSON and figures."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

from helpers import display, plots
from helpers.exercises import overfitting
from helpers.exercises.core import NOT_YET


def test_outside_a_notebook_a_line_is_text(capsys):
    display.show_line("plain <words>", "<b>markup</b>", "#000000", {"application/json": {}})
    assert capsys.readouterr().out == "plain <words>\n"


def test_a_figure_needs_a_description():
    figure = pyplot.figure()
    with pytest.raises(ValueError, match="sentence"):
        display.show_figure(figure, "A figure.")
    pyplot.close(figure)


def test_a_shown_figure_is_closed(capsys):
    with plots.canvas() as (figure, axes):
        axes.plot([1, 2, 3])
    plots.show(figure, alt="A line that rises from one to three.", data="simulated")
    assert not pyplot.fignum_exists(figure.number)
    assert "rises" in capsys.readouterr().out


def test_a_png_is_small_and_keeps_its_colours():
    with plots.canvas() as (figure, axes):
        axes.axhspan(0, 1, color=plots.COLORS[0])
    image = Image.open(io.BytesIO(display.png(figure)))
    assert image.mode == "P"
    colours = {colour for _, colour in image.convert("RGB").getcolors()}
    wanted = np.array([int(plots.COLORS[0][start : start + 2], 16) for start in (1, 3, 5)])
    assert min(np.abs(np.array(colour) - wanted).max() for colour in colours) <= 3


def test_a_png_is_shown_at_half_its_width_for_sharp_screens():
    with plots.canvas(width=6) as (figure, axes):
        axes.plot([1, 2, 3])
    image = display.png(figure)
    pixels = Image.open(io.BytesIO(image)).width
    assert pixels > 1200 and display.shown_width(image) == pixels // 2
    tag = display.image_tag(image, 'a "rising" line <b>')
    assert tag.startswith(
        f'<img alt="a &quot;rising&quot; line &lt;b&gt;" width="{pixels // 2}" src="data:image/png;'
    )


def test_bands_show_median_and_middle_of_the_runs():
    values = np.random.default_rng(0).normal(size=(50, 4))
    with plots.canvas() as (figure, axes):
        plots.curves(axes, np.arange(4), {"a": values}, xlabel="x", ylabel="y")
    (line,) = axes.lines
    assert np.allclose(line.get_ydata(), np.median(values, axis=0))
    edges = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx(np.quantile(values, 0.9, axis=0).max())
    pyplot.close(figure)


def test_every_line_of_a_figure_differs_in_more_than_colour():
    assert len(set(map(str, plots.LINES))) == len(set(plots.MARKERS)) == len(set(plots.COLORS)) >= 7


def test_colours_differ_in_greyscale_or_line_style():
    """In print, series must be told apart by lightness or, failing that, by their dashes."""
    light = [
        np.dot([int(c[i : i + 2], 16) for i in (1, 3, 5)], [0.299, 0.587, 0.114])
        for c in plots.COLORS
    ]
    assert len({round(value) for value in light}) == len(light)


def test_nobody_gets_a_slider_where_nobody_watches(capsys):
    plots.slider_over(lambda value: pytest.fail("drawn for nobody"), [1, 2], label="degree")
    assert capsys.readouterr().out == ""


KOREAN_WINDOWS = "cp949"


@pytest.mark.parametrize("encoding", [KOREAN_WINDOWS, "ascii"])
def test_a_terminal_without_a_character_gets_a_question_mark(monkeypatch, encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr("sys.stdout", stream)
    result = overfitting.choosing.check(lambda validation_error: 0)
    assert result.status == NOT_YET
    stream.flush()
    assert stream.buffer.getvalue().startswith(b"? Exercise 2 ")


def test_a_programs_streams_replace(monkeypatch):
    streams = {
        name: io.TextIOWrapper(io.BytesIO(), encoding=KOREAN_WINDOWS)
        for name in ("stdout", "stderr")
    }
    for name, stream in streams.items():
        monkeypatch.setattr(f"sys.{name}", stream)
    display.let_streams_replace()
    for stream in streams.values():
        stream.write("✓ 한글")
        stream.flush()
        assert stream.buffer.getvalue() == "? 한글".encode(KOREAN_WINDOWS)


def test_a_cell_counts_how_often_it_is_asked(monkeypatch):
    assert [display.times_in_cell(), display.times_in_cell()] == [1, 1], "no notebook"
    shell = SimpleNamespace(kernel=True, execution_count=7)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert [display.times_in_cell() for _ in range(3)] == [1, 2, 3]
    shell.execution_count = 8
    assert display.times_in_cell() == 1

"""What tells underfitting from overfitting in a figure, and captions that fit below it."""

import numpy as np
from matplotlib import pyplot

from helpers import plots


def texts(axes) -> list[str]:
    return [text.get_text().strip() for text in axes.texts]


def test_the_best_of_a_path_has_its_two_sides():
    with plots.canvas() as (_, axes):
        axes.plot([0, 10], [0, 1])
        plots.sides(axes, 3)
        plots.floor(axes, 0.5, "variance of the noise")
    names = ["underfitting", "overfitting", "lowest validation error", "variance of the noise"]
    assert texts(axes) == names
    assert [text.xy[0] for text in axes.texts[:2]] == [3, 3]
    assert [text.get_ha() for text in axes.texts[:2]] == ["right", "left"]
    pyplot.close()


def test_a_trail_goes_through_the_medians_and_names_them():
    x = np.array([[1, 2, 3], [1, 4, 9], [2, 3, 4]])
    with plots.canvas() as (_, axes):
        plots.trails(axes, x, x**2, ["small", "middle", "large"], xlabel="x", ylabel="y")
    *single, middle = axes.lines
    assert len(single) == 3
    np.testing.assert_array_equal(middle.get_xydata(), [(1, 1), (3, 9), (4, 16)])
    assert texts(axes) == ["small", "middle", "large"]
    pyplot.close()


def test_groups_show_every_replicate_and_the_mean():
    values = {"seen": np.array([[0.0, 0.2], [0.1, 0.5]]), "new": np.array([[0.4, 0.6], [0.7, 0.9]])}
    with plots.canvas() as (_, axes):
        plots.groups(axes, ["few", "many"], values)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["few", "many"]
    assert sum(len(marks.get_offsets()) for marks in axes.collections) == 8
    means = [line.get_ydata()[0] for line in axes.lines]
    np.testing.assert_allclose(means, [0.1, 0.3, 0.5, 0.8])
    assert len(axes.get_legend().get_texts()) == 2
    pyplot.close()


def test_epochs_count_from_one_in_plain_numbers():
    with plots.canvas() as (_, axes):
        plots.over_epochs(axes, {"loss": np.ones((2, 40))}, ylabel="loss")
    assert axes.lines[0].get_xdata()[[0, -1]].tolist() == [1, 40]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "3", "10", "30"]
    pyplot.close()


def test_one_fit_has_truth_fit_and_points():
    line = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    figure = plots.one_fit(line, line, line, title="degree 1", limits=(-1, 2))
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        *("truth", "fit", "training data")
    ]
    assert axes.get_ylim() == (-1, 2)
    pyplot.close(figure)


def test_a_long_caption_is_broken_into_lines(capsys):
    with plots.canvas(width=4) as (figure, axes):
        axes.plot([0, 1])
    plots.show(figure, alt="A line from zero to one.", data="words " * 30)
    assert max(map(len, figure.get_supxlabel().splitlines())) <= 68

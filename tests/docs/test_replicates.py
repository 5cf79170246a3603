"""What is drawn of a comparison lies where its numbers say, and is told in words."""

import math
import re
from xml.etree import ElementTree

import pytest

from docs.book import axes, replicates
from helpers import claims
from helpers.claims import Verdict, evidence
from tests.docs import recorded

VERDICTS = recorded.compared()
NUMBER = re.compile(r"-?[\d.]+(?:e-?\d+)?")


def parts(svg, kind):
    """The shapes of this kind."""
    return [part for part in ElementTree.fromstring(svg) if part.get("class") == kind]


def numbers(part):
    """The numbers of a path."""
    return [float(number) for number in NUMBER.findall(part.get("d"))]


def scale_of(svg, verdict):
    """From values to places, as the bar of the interval has it."""
    (bar,) = parts(svg, "bar")
    left, _, right = numbers(bar)
    unit = (right - left) / (verdict.high - verdict.low)
    return lambda value: left + (value - verdict.low) * unit


WITH_WIDTH = [verdict for verdict in VERDICTS if verdict.low < verdict.high]


@pytest.mark.parametrize("verdict", WITH_WIDTH, ids=lambda verdict: verdict.measure)
def test_replicates_mean_and_margins_are_drawn_to_the_scale_of_the_interval(verdict):
    svg = replicates.differences(verdict)
    at = scale_of(svg, verdict)
    dots = sorted(float(dot.get("cx")) for dot in parts(svg, "replicate"))
    values = sorted(replicates.points(verdict))
    slack = 0.1 * (1 + (values[-1] - values[0]) / (verdict.high - verdict.low))
    assert dots == pytest.approx([at(value) for value in values], abs=slack)
    (mean,) = parts(svg, "mean")
    assert numbers(mean)[0] + 6 == pytest.approx(at(verdict.effect), abs=slack)
    edges = [edge for edge in replicates.claimed_range(verdict) if math.isfinite(edge)]
    lines = [numbers(line)[0] for line in parts(svg, "threshold")]
    assert lines == pytest.approx([at(edge) for edge in edges], abs=slack)
    (nothing,) = parts(svg, "nothing")
    assert numbers(nothing)[0] == pytest.approx(at(0), abs=slack)


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.measure)
def test_the_claimed_side_is_shaded_from_its_margin_on(verdict):
    svg = replicates.differences(verdict)
    (shade,) = parts(svg, "claimed")
    left = float(shade.get("x"))
    right = left + float(shade.get("width"))
    start, end = replicates.claimed_range(verdict)
    lines = [numbers(line)[0] for line in parts(svg, "threshold")]
    expected = [*([] if math.isfinite(start) else [0]), *lines]
    expected += [] if math.isfinite(end) else [axes.WIDTH]
    assert [left, right] == pytest.approx(expected, abs=0.2)


def test_what_is_claimed_is_where_the_protocol_finds_support():
    ranges = {v.claimed: replicates.claimed_range(v) for v in VERDICTS if v.scale == "linear"}
    assert ranges == {
        "higher": (0.0, math.inf),  # the last one is the correlation, without a margin
        "lower": (-math.inf, -0.02),
        "equal": (-0.02, 0.02),
        "no worse": (-0.02, math.inf),
    }


@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda verdict: verdict.measure)
def test_nothing_lies_outside_the_drawing(verdict):
    for svg in (replicates.differences(verdict), replicates.arms(verdict)):
        height = float(ElementTree.fromstring(svg).get("viewBox").split()[-1])
        for dot in parts(svg, "replicate"):
            assert 0 < float(dot.get("cx")) < axes.WIDTH and 0 < float(dot.get("cy")) < height


def test_numbers_along_an_axis_stand_where_they_belong():
    verdict = next(v for v in VERDICTS if v.setting == "as a ratio")
    axis = axes.fitted([verdict.low, verdict.high, 0.0], is_log=True, sign="× ")
    for x, words in axis.ticks():
        assert words.startswith("× ")
        assert x == pytest.approx(axis(math.log(float(words[2:]))), abs=0.1)
    assert [words for _, words in axes.fitted([-0.2, 0.8]).ticks()] == [
        *("-0.2", "0", "0.2", "0.4", "0.6", "0.8")
    ]


@pytest.mark.parametrize("low, high", [(1e-9, 3e9), (0.9, 1.2), (0.02, 30), (-3e-5, 2e-5), (0, 7)])
def test_an_axis_has_a_few_round_numbers(low, high):
    found = axes.powers(low, high) if low > 0 else axes.steps(low, high)
    assert 1 <= len(found) <= axes.MOST and all(low <= value <= high for value in found)


def test_both_arms_are_drawn_pair_by_pair():
    verdict = VERDICTS[1]
    svg = replicates.arms(verdict)
    axis = axes.fitted([*verdict.treatment, *verdict.control])
    lines = [numbers(line) for line in parts(svg, "pair")]
    pairs = zip(verdict.treatment, verdict.control, strict=True)
    assert len(lines) == verdict.runs
    for (x, top, y, bottom), (treatment, control) in zip(lines, pairs, strict=True):
        assert (x, y) == pytest.approx((axis(treatment), axis(control)), abs=0.1)
        assert (top, bottom) == replicates.ROWS


def test_a_drawing_is_told_with_its_numbers():
    verdict = VERDICTS[1]
    words = ElementTree.fromstring(replicates.differences(verdict)).get("aria-label")
    ends = [claims.signed(value) for value in (verdict.effect, verdict.low, verdict.high)]
    assert "mean {}, 99 % interval {} to {}; 30 replicates".format(*ends) in words
    assert words.endswith("Claimed: higher by more than 0.02.")
    ratio = next(v for v in VERDICTS if v.setting == "as a ratio")
    assert replicates.differences_in_words(ratio).startswith("treatment ÷ control: mean x 1.1")
    within = VERDICTS[-1]
    assert "6 plans from" in replicates.differences_in_words(within)


def test_replicates_of_one_value_lie_above_each_other():
    dots, bottom = replicates.piled([100.0] * 30)
    heights = [float(re.search(r'cy="([\d.]+)"', dot)[1]) for dot in dots]
    assert len(set(heights)) == 30 and max(heights) == bottom
    assert max(heights) - min(heights) <= replicates.HIGHEST


def test_every_recorded_comparison_can_be_drawn():
    for record in evidence.read():
        if record.verdict.effect is not None:
            assert replicates.differences(record.verdict) and replicates.arms(record.verdict)


def test_what_was_not_compared_cannot_be_drawn():
    with pytest.raises(ValueError, match="OVF-04.*no interval"):
        replicates.differences(Verdict("OVF-04", "supported", "computed"))

"""Audits with Keras 2: the study runs the cells that judge listings, and its results are there."""

import json
import re

import pytest

from helpers import claims
from studies import keras2

every_audit = pytest.mark.parametrize("audit", keras2.AUDITS)


@every_audit
def test_every_listing_that_is_judged_was_run_with_keras_2(audit):
    judged = re.findall(rf'{keras2.JUDGE}\(\s*"(\w+-\d+)"', "\n".join(keras2.sources(audit)))
    found = json.loads(keras2.results_of(audit).read_text(encoding="utf-8"))["settings"]
    assert judged
    assert sorted(found) == sorted(judged)
    assert {claims.find(name).kind for name in judged} == {"listing"}


@every_audit
def test_the_cells_are_those_that_were_run_with_keras_2(audit):
    found = json.loads(keras2.results_of(audit).read_text(encoding="utf-8"))["settings"]
    again = f"run them again: {keras2.COMMAND} {audit}"
    assert {row["cells"] for row in found.values()} == {keras2.digest(audit)}, again

"""What the statements of a cell define and use, the same in every Python."""

import pytest

from helpers import cells


@pytest.mark.parametrize(
    ("source", "defines", "uses"),
    [
        ("a = [i + b for i in c if d]", {"a"}, {"b", "c", "d"}),
        ("a = {i: b(i) for i in c}", {"a"}, {"b", "c"}),
        ("a = {(i, j) for i in c for j in i}", {"a"}, {"c"}),
        ("a = tuple(i for i in c)", {"a"}, {"tuple", "c"}),
        ("a = [[i for i in row] for row in c]", {"a"}, {"c"}),
        ("def f(x):\n    return [g(i) for i in x]", {"f"}, {"g"}),
    ],
)
def test_variables_of_a_comprehension_are_its_own(source, defines, uses):
    """From Python 3.12 on, symtable says otherwise of all but generators (PEP 709)."""
    (statement,) = cells.statements(source)
    assert statement.defines == defines
    assert statement.uses - defines == uses

"""The statements of a notebook's cells: what they define, change and use."""

import ast
import copy
import re
import symtable
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache, reduce
from operator import or_

from IPython.core.inputtransformer2 import TransformerManager

RUN_ELSEWHERE = (
    "bash", "cmd", "file", "html", "HTML", "javascript", "js", "latex", "markdown", "perl", "pypy",
    "python", "python2", "python3", "ruby", "script", "sh", "svg", "SVG", "sx", "system", "timeit",
    "writefile",
)  # fmt: skip
"""Cell magics of IPython's whose body defines nothing in the notebook."""
TIMED = re.compile(r"^(\s*(?:[\w, ]+=\s*)?)%time\s+(?=\S)", re.MULTILINE)
"""The one line magic behind which a statement of the notebook's stands."""


@dataclass(frozen=True)
class Statement:
    """A statement of a notebook's top level: the names that it defines, changes and uses."""

    node: ast.stmt
    defines: frozenset[str]
    changes: frozenset[str]
    uses: frozenset[str]


def needed(statements: list[Statement], name: str) -> list[Statement]:
    """The statements that define or change the name, and, in turn, those of all names that these
    use; in their order.
    """
    modules = names_defined(
        one for one in statements if isinstance(one.node, ast.Import | ast.ImportFrom)
    )
    wanted, chosen = {name, "*"}, []
    while True:
        # A module is not the notebook's to change: np.random.seed(0) is no part of every answer
        # that uses np.
        found = [one for one in statements if wanted & (one.defines | one.changes - modules)]
        if len(found) == len(chosen):
            return chosen
        chosen = found
        wanted |= reduce(or_, (one.uses for one in chosen))


def with_dependencies(chosen: Iterable[str], sources: Iterable[str], unchanged: str) -> list[str]:
    """The sources of the chosen cells and of those that make what these use, in their order.

    `unchanged` names an object that all may call, of which none sees what the others did to it.
    """
    chosen, sources = list(chosen), list(sources)
    if not chosen:  # most notebooks do not name a given statement
        return []
    found = {
        source: [replace(one, changes=one.changes - {unchanged}) for one in statements(source)]
        for source in sources
    }
    every = [one for each in found.values() for one in each]
    uses = {name for source in chosen for one in found[source] for name in one.uses}
    makers = {id(one) for name in uses for one in needed(every, name)}
    return [
        source
        for source in sources
        if source in chosen or any(id(one) in makers for one in found[source])
    ]


@cache
def statements(source: str) -> tuple[Statement, ...]:
    """A cell's statements. A loop makes its own variable: it depends on no other loop with a
    variable of that name.
    """
    found, _ = parsed([source])
    return tuple(replace(one, uses=one.uses - _loop_variables(one.node)) for one in found)


def _loop_variables(statement: ast.stmt) -> set[str]:
    """The names that loops and `with` blocks of a statement bind, unless they begin from them."""
    loops = [node for node in ast.walk(statement) if isinstance(node, ast.For | ast.withitem)]
    bound, begun = set(), set()
    for loop in loops:
        target = loop.target if isinstance(loop, ast.For) else loop.optional_vars
        source = loop.iter if isinstance(loop, ast.For) else loop.context_expr
        bound |= _names(target) if target else set()
        begun |= _names(source)
    return bound - begun


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def names_defined(statements: Iterable[Statement]) -> frozenset[str]:
    """All names that the statements define."""
    return reduce(or_, (statement.defines for statement in statements), frozenset())


def parsed(sources: list[str]) -> tuple[list[Statement], list[str]]:
    """The statements of all cells that are Python, and the sources of those that are not."""
    statements, broken = [], []
    for source in sources:
        try:
            module = tree(source)
            check_compiles(module)
            statements += map(described, module.body)
        except (
            SyntaxError,
            ValueError,
            RecursionError,
            MemoryError,
        ):  # the last two: nested too deeply
            broken.append(source)
    return statements, broken


def check_compiles(module: ast.Module) -> None:
    """Raise SyntaxError for what Python reads and a notebook does not run, such as a `return`
    outside a function.
    """
    with warnings.catch_warnings(action="ignore"):
        compile(module, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def tree(source: str) -> ast.Module:
    """A cell as Python: magics become calls; of a cell with cell magics such as %%time only the
    body stays, and nothing if that runs elsewhere, as with %%bash.
    """
    try:
        return ast.parse(source)
    except SyntaxError:
        first, _, rest = source.lstrip().partition("\n")
        if first.startswith("%%"):
            magic = first.removeprefix("%%").strip("! ").partition(" ")[0]
            return ast.Module([], []) if magic in RUN_ELSEWHERE else tree(rest)
        return ast.parse(TransformerManager().transform_cell(TIMED.sub(r"\1", source)))


class Apart(ast.NodeTransformer):
    """Makes a generator of each comprehension: it uses the same names, and its variables stay its
    own in every Python. From 3.12 on, those of a comprehension count as the cell's (PEP 709).
    """

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.GeneratorExp:
        """[x for x in y] and {x for x in y} become (x for x in y)."""
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.GeneratorExp:
        """{x: y for x, y in z} becomes ((x, y) for x, y in z)."""
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def described(node: ast.stmt) -> Statement:
    """The statement with the names that it defines, changes and uses."""
    top = symtable.symtable(ast.unparse(Apart().visit(copy.deepcopy(node))), "cell", "exec")
    defines = {
        one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()
    }
    if isinstance(node, ast.ImportFrom) and (
        node.names[0].name == "*" or node.module == "__future__"
    ):
        defines = {"*"}  # nobody knows what; how all that follows is compiled
    uses = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    inner = list(top.get_children())
    while inner:
        table = inner.pop()
        uses |= {one.get_name() for one in table.get_symbols() if one.is_global()}
        inner += table.get_children()
    return Statement(node, frozenset(defines), frozenset(changed(node)), frozenset(uses))


def changed(node: ast.stmt) -> set[str]:
    """Names whose values the statement changes: `name[...] = ...`, `name.part = ...`,
    `name.method(...)`.
    """
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        places = [node.value.func]
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        places = node.targets if isinstance(node, ast.Assign) else [node.target]
    else:
        return set()
    return {owner(place) for place in places if isinstance(place, ast.Attribute | ast.Subscript)}


def owner(place: ast.expr) -> str:
    """The name at the bottom of `name.part[...].part`; empty where there is none."""
    while isinstance(place, ast.Attribute | ast.Subscript):
        place = place.value
    return place.id if isinstance(place, ast.Name) else ""


def paths_used(statements: Iterable[Statement]) -> set[str]:
    """Full names of what the statements import, at whatever depth, and of what they reach through
    an import; and their texts, since a function may import what it is named.

    `from numpy import linalg` and `linalg.norm` give "numpy.linalg" and "numpy.linalg.norm".
    """
    nodes = [node for one in statements for node in ast.walk(one.node)]
    places: dict[str, str] = {}
    paths = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.replace(".", "").isidentifier()
    }  # importlib.import_module("...")
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            above = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
            for alias in node.names:
                path = above + alias.name
                paths.add(path)
                # `import a.b` defines a; `import a.b as c` and `from a import b as c` define c.
                local = alias.asname or alias.name.partition(".")[0]
                places[local] = path if above or alias.asname else local
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            places |= {
                target.id: places[node.value.id]
                for target in node.targets
                if isinstance(target, ast.Name) and node.value.id in places
            }  # another name for a module
    for node in nodes:
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in places:
                paths.add(f"{places[first]}.{rest}")
    return paths

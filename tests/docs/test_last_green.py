"""When each notebook last ran to its end: what is listed is added to what was recorded."""

from docs.book import last_green
from docs.book.pages import templates
from tools import versions


def test_what_ran_today_replaces_its_date_and_leaves_others(tmp_path):
    record, out = tmp_path / "last_green.csv", tmp_path / "3.12" / "run" / "notebooks"
    assert last_green.read(record) == {}
    before = {("01_overfitting", "3.12"): "2026-01-01", ("02_resampling", "3.12"): "2026-01-02"}
    last_green.write(before, record)
    assert last_green.read(record) == before
    (out / "audits").mkdir(parents=True)
    for name in (
        "01_overfitting.ipynb",
        "audits/01_overfitting.ipynb",
        "02_resampling.failed.ipynb",
    ):
        (out / name).touch()
    names = versions.green(out.parent)
    assert names == ["01_overfitting", "audits/01_overfitting"]
    (tmp_path / "3.12" / last_green.LIST).write_text("\n".join(names))
    assert before | last_green.listed(tmp_path, "2026-02-03") == {
        ("01_overfitting", "3.12"): "2026-02-03",
        ("02_resampling", "3.12"): "2026-01-02",
        ("audits/01_overfitting", "3.12"): "2026-02-03",
    }


def test_the_book_shows_every_notebook_and_where_it_ran():
    dates = {("01_overfitting", "3.12"): "2026-02-03", ("02_resampling", "jax"): "2026-02-04"}
    environments, greens = last_green.table(dates)
    assert environments == ["3.12", "jax"] and len(greens) > 20
    page = templates().get_template("pages/last_green.md")
    lines = page.render(environments=environments, greens=greens).splitlines()
    head = lines.index("| notebook | 3.12 | jax | ")
    assert lines[head + 1] == "|---|---|---|"
    assert (
        lines[head + 3] == "| [01_overfitting](notebooks/01_overfitting.ipynb) | 2026-02-03 | – | "
    )
    assert len(lines) == head + 2 + len(greens)
    assert "No night" in page.render(environments=[], greens={})

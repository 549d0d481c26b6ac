"""Charts as files and in pages: the same bytes, small, and named for who does not see them."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from chart_examples import EXAMPLES, crowd, orders
from notebook_figures import run

from fairsched_fast import charts

SVG = "{http://www.w3.org/2000/svg}"
ODD = '<b>bold</b> & "quotes" \x00 مرحبا 🚀'


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_saved_twice_the_bytes_are_the_same(tmp_path, suffix):
    files = [
        charts.save(charts.story(run("round_robin"), run("drf")), tmp_path / f"{i}.{suffix}")
        for i in range(2)
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_svg_is_the_same_text_each_time_and_small(name):
    chart = EXAMPLES[name]()
    text = charts.svg(chart, alt=name)
    assert charts.svg(chart, alt=name) == text
    assert charts.svg(EXAMPLES[name](), alt=name) == text
    assert len(text.encode()) < 300_000


def test_a_chart_saved_before_is_the_same_in_a_page(tmp_path):
    fresh, saved = EXAMPLES["strip"](), EXAMPLES["strip"]()
    charts.save(saved, tmp_path / "strip.png")
    assert charts.svg(saved, alt="a") == charts.svg(fresh, alt="a")


def test_the_largest_charts_are_small_in_a_page():
    rng = np.random.default_rng(0)
    jobs = np.array([f"job_{j:02}" for j in range(12)], object)
    edges = np.linspace(0, 1, 10_001)
    counts = {f"policy_{p}": np.histogram(rng.random(10**5), edges)[0] for p in range(12)}
    axes = {"x_label": "x", "y_label": "y", "title": "t"}
    for chart in (
        charts.strip({p: jobs[rng.integers(0, 12, 10**5)] for p in ("a", "b", "c")}, title="t"),
        charts.distribution(edges, counts, measure="Gap"),
        charts.heatmap(rng.random((60, 60)), range(60), range(60), **axes),
        charts.story(run("round_robin", crowd(300)), run("drf", crowd(300))),
    ):
        assert len(charts.svg(chart, alt="a")) < 300_000


def test_an_svg_in_a_page_says_what_it_is_and_touches_nothing_else():
    root = ET.fromstring(charts.svg(EXAMPLES["strip"](), alt=ODD))
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].get("id") == root.get("aria-labelledby")
    assert root[0].text == ODD.replace("\x00", "")
    tags = {element.tag for element in root.iter()}
    assert not tags & {f"{SVG}style", f"{SVG}metadata", f"{SVG}script"}
    assert all("{http" in tag for tag in tags)
    assert "date" not in ET.tostring(root, encoding="unicode").lower()


def test_text_in_an_svg_is_text():
    root = ET.fromstring(charts.svg(EXAMPLES["strip"](), alt="a"))
    words = {"".join(element.itertext()).strip(" \n\u200e") for element in root.iter(f"{SVG}text")}
    assert {"round_robin", "drf", "Executors given", "Who was given each executor"} <= words
    fonts = {element.get("style") for element in root.iter(f"{SVG}text")}
    assert all("sans-serif" in font for font in fonts)


def test_ids_of_charts_in_a_page_are_their_own():
    pages = [charts.svg(EXAMPLES[name](), alt="a") for name in ("strip", "strip-many", "lines")]
    ids = [re.findall(r'\bid="([^"]+)"', page) for page in pages]
    assert all(ids)
    together = [own for page in ids for own in page]
    assert len(set(together)) == len(together)
    for page, own in zip(pages, ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', page)) <= set(own)


def test_odd_names_are_escaped_in_an_svg():
    names = [ODD, "שלום 12", "x" * 200, "_hidden", "costs $5 and $6"]
    page = charts.svg(charts.strip(orders(crowd(5, names)), title=ODD), alt=ODD)
    root = ET.fromstring(page)
    assert not list(root.iter("b"))
    assert not list(root.iter(f"{SVG}b"))
    assert "&lt;b&gt;" in page

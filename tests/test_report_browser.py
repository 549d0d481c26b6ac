"""The report as a browser shows it: on a desk and a phone, with scripts, without, and printed."""

import base64
import shutil

import pytest
from specs import JOBS, blocks
from sweep_files import ran

import fairsched_fast as fs
from fairsched_fast.report import write_report

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
WebDriverWait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="chromium and chromedriver are not installed"
)

WIDTHS = {"desk": 1280, "phone": 400}
ALONE = (  # nothing is looked up, fetched or shared with another run
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
LOW_CONTRAST = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) =>
  v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (e) => {
  for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const low = [];
while (words.nextNode()) {
  const e = words.currentNode.parentElement;
  if (!words.currentNode.data.trim() || e.closest("svg, script, style")) continue;
  const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => x - y);
  if ((b + 0.05) / (a + 0.05) < 4.5) low.push(e.outerHTML.slice(0, 80));
}
return low;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Where the report of a small sweep lies."""
    out = tmp_path_factory.mktemp("browser") / "out"
    axes = "grid = { 'pool.Batch.capacity.mem_gb' = [350, 500, 800], extra_executors = [5, 15] }"
    ran(blocks(axes, jobs=JOBS.replace("= 30", "= 6", 1)), out)
    return write_report(fs.open_results(out))


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in [*ALONE.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield browser
    browser.quit()


@pytest.fixture(params=WIDTHS)
def browser(request, driver, page):
    """A browser as wide as a desk's or a phone's, in which the report has been opened."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": WIDTHS[request.param],
            "height": 900,
            "deviceScaleFactor": 1,
            "mobile": request.param == "phone",
        },
    )
    driver.get(page.as_uri())
    return driver


def find(within, selector):
    return within.find_elements("css selector", selector)


def test_the_page_fits_and_begins_with_the_answer(browser):
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    (answer,) = find(browser, ".answer")
    assert answer.rect["y"] + 100 < 900 and "is fairer than" in answer.text
    for picture in find(browser, "figure svg"):
        assert 300 < picture.rect["width"] <= browser.execute_script("return innerWidth")
        assert picture.rect["height"] > 100


def test_every_word_can_be_told_from_what_is_behind_it(browser):
    for summary in find(browser, "summary"):
        summary.click()
    assert browser.execute_script(LOW_CONTRAST) == []


def test_a_log_is_stepped_through(browser):
    log = find(browser, ".log")[1]
    buttons = {button.text: button for button in find(log, "button")}
    status, rows = find(log, ".now")[0], find(log, ".steps tbody tr")
    find(log, "summary")[0].click()
    assert "Step 0 of" in status.text
    for _ in range(3):
        buttons["Next"].click()
    assert status.text.startswith(f"Step 3 of {len(rows)}")
    job, why, _, after = (cell.text for cell in find(rows[2], "td")[:4])
    assert job in status.text and why in status.text
    (bar,) = find(log, ".bars li.served")
    assert job in bar.text and after in bar.text
    assert [row for row in rows if "served" in row.get_attribute("class")] == [rows[2]]
    buttons["Previous"].send_keys("\ue014\ue012\ue012")  # right, left, left
    assert status.text.startswith("Step 2 of")
    buttons["Last"].click()
    assert status.text.startswith(f"Step {len(rows)} of")
    assert buttons["Next"].get_attribute("aria-disabled") == "true"


def test_bars_grow_with_the_share(browser):
    log = find(browser, ".log")[1]
    bars = find(log, ".bars li")

    def widths():
        script = "return arguments[0].querySelector('.bar').style.width"
        return [float(browser.execute_script(script, bar).rstrip("%")) for bar in bars]

    top = float(log.get_attribute("data-top"))
    starts = [100 * float(bar.get_attribute("data-start")) / top for bar in bars]
    assert widths() == pytest.approx(starts, abs=0.01)
    find(log, "button[data-go=last]")[0].click()
    ends = [100 * float(bar.get_attribute("data-end")) / top for bar in bars]
    assert widths() == pytest.approx(ends, abs=0.05)  # the log is rounded to four decimals


def test_without_scripts_the_logs_are_tables(browser, page):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(page.as_uri())
        assert not any(controls.is_displayed() for controls in find(browser, ".controls"))
        log = find(browser, ".log")[0]
        assert "at the end" in log.text
        find(log, "summary")[0].click()
        assert find(log, ".steps tbody tr")[-1].is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_nothing_is_fetched(browser):
    fetched = "return performance.getEntriesByType('resource').map((e) => e.name)"
    assert [name for name in browser.execute_script(fetched) if not name.startswith("data:")] == []


def test_print_opens_every_log(browser):
    browser.refresh()  # whatever was switched off before
    soon = WebDriverWait(browser, 10)
    scripts_run = "return document.querySelector('.log .controls').checkVisibility()"
    find(browser, ".log summary")[0].click()
    soon.until(lambda _: browser.execute_script(scripts_run))
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(printed["data"]).startswith(b"%PDF")
    soon.until(lambda _: all(one.get_attribute("open") for one in find(browser, "details")))

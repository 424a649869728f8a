"""How soon the page of `dgnet serve` can be used, and how much it loads: cold, each time a browser's first visit.

python benchmarks/page_paint.py                            starts a service on a copy of the bundled people
python benchmarks/page_paint.py http://localhost:8000      one that runs already

Needs `pip install playwright` and a chromium on the PATH. Three moments after the address was entered, medians: the
first paint; the view Search, ready for a picture; people of the gallery to start from. Beside them the first paint of
/docs, a page without script, in the same run: what the browser and the machine take anyway.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

# Notes when an element that a selector names is first there.
WATCH = """
window.there = {};
new MutationObserver(() => {
  for (const name of [".hero .button", ".samples .picture"])
    if (!(name in window.there) && document.querySelector(name)) window.there[name] = performance.now();
}).observe(document, {childList: true, subtree: true});
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
LOADED = """performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
  .filter((one) => !one.name.includes('/v1/')).map((one) => one.encodedBodySize)"""


@contextmanager
def service() -> Iterator[str]:
    """The address of a service that is started here."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.txt"
        with output.open("w") as out:
            command = [sys.executable, "-m", "dgnet", "serve", "--port", "0"]
            server = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        try:
            while not (found := re.search(r"Open (http://\S+)/ ;", output.read_text())):
                assert server.poll() is None, "no service"
                time.sleep(0.1)
            yield found[1]
        finally:
            server.terminate()
            server.wait(120)


def visit(browser: Browser, address: str, last: str) -> tuple[float, dict[str, float], list[int]]:
    """First paint, when elements were there (ms), and the bytes of each file, of a first visit."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(last)
    paint: Any = None
    while paint is None:
        paint = page.evaluate(PAINT)
    found = paint, page.evaluate("window.there"), page.evaluate(LOADED)
    context.close()
    return found


def measure(address: str, visits: int) -> None:
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        visit(browser, f"{address}/docs", "h1")  # the browser's own start
        page, plain = [], []
        for _ in range(visits):
            page.append(visit(browser, f"{address}/", ".samples .picture"))
            plain.append(visit(browser, f"{address}/docs", "h1")[0])
        browser.close()
    moments = {
        "first paint": [paint for paint, _, _ in page],
        "ready for a picture": [there[".hero .button"] for _, there, _ in page],
        "people to start from": [there[".samples .picture"] for _, there, _ in page],
        "first paint of /docs": plain,
    }
    for name, times in moments.items():
        print(f"{name:21} {statistics.median(times):6.0f} ms  (from {min(times):.0f} to {max(times):.0f})")
    ratio = statistics.median(moments["ready for a picture"]) / statistics.median(plain)
    print(f"ready for a picture after {ratio:.2f} times what /docs takes to its first paint")
    sizes = page[0][2]
    print(f"{len(sizes)} files, {sum(sizes) / 1000:.0f} kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", help="of a service that runs; none: one is started")
    parser.add_argument("--visits", type=int, default=10)
    options = parser.parse_args()
    if options.address:
        measure(options.address.rstrip("/"), options.visits)
    else:
        with service() as address:
            measure(address, options.visits)


if __name__ == "__main__":
    main()

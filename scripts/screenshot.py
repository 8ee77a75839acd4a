"""Take the README's picture of the running page.  Usage: .venv/bin/python scripts/screenshot.py [URL]"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
target = Path(__file__).parent.parent / "docs" / "images" / "live.png"

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
    page = browser.new_page(viewport={"width": 960, "height": 720})
    page.goto(url)
    page.locator("tbody tr").nth(3).wait_for()
    page.wait_for_timeout(1000)
    page.screenshot(path=target)
    browser.close()

"""How long the camera's reader takes for a code in a picture: short, long, and the largest that a phone may show.

Usage: .venv/bin/python -m scripts.scan_times   (needs Debian's chromium and the built pages)

Browsers slow down a page's own thread on demand, not its workers: what is told is this machine's time, and four times
that as the slow processor's.
"""

import functools
import statistics
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import qrcode
from playwright.sync_api import sync_playwright
from qrcode.util import MODE_ALPHA_NUM, QRData

DIST = Path(__file__).resolve().parent.parent / "web" / "dist"
SLOW_PROCESSOR = 4
"""Times slower than this machine's."""
PICTURES, WARMING = 70, 10
SHORT, LONG, LARGEST = 130, 395, 535
"""Characters of a short code, of a long one whatever its key, and of a QR code of version 12-L."""

_READ = """async ({ worker, modules, pictures, warming }) => {
  const reader = new Worker(worker, { type: "module" });
  const side = 720, code = side * 0.6, px = 12, whole = (modules.length + 8) * px;
  const drawn = (width) => Object.assign(document.createElement("canvas"), { width, height: width }).getContext("2d");
  const [print, context] = [drawn(whole), drawn(side)];
  print.fillStyle = "#f4f4f0";
  print.fillRect(0, 0, whole, whole);
  print.fillStyle = "#1c1c1c";
  modules.forEach((row, y) => row.forEach((isDark, x) => isDark && print.fillRect((x + 4) * px, (y + 4) * px, px, px)));
  const times = [];
  let [read, missed] = ["", 0];
  for (let n = 0; n < pictures; n++) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.filter = "none";
    context.fillStyle = "#8a8a84";
    context.fillRect(0, 0, side, side);
    context.filter = "blur(0.7px)";
    context.translate(side / 2 + n % 7, side / 2 - n % 5);
    context.rotate(((n % 13) - 6) * Math.PI / 180);
    context.drawImage(print.canvas, -code / 2, -code / 2, code, code);
    const frame = context.getImageData(0, 0, side, side);
    for (let at = 0; at < frame.data.length; at += 4) frame.data[at + (at >> 2) % 3] += Math.random() * 24 - 12;
    const began = performance.now();
    reader.postMessage(frame, [frame.data.buffer]);
    const text = await new Promise((resolve) => { reader.onmessage = ({ data }) => resolve(data); });
    if (text) read = text;
    else missed++;
    if (n >= warming) times.push(performance.now() - began);
  }
  reader.terminate();
  return { times, missed, read };
}"""


def scan_times() -> dict[str, tuple[int, float, int]]:
    """By kind of code: its version, the middle of the times in milliseconds, and how many pictures were not read."""
    serving = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=DIST))
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{serving.server_port}/till/"
    [worker] = (DIST / "till" / "assets").glob("decoder-*.js")
    found = {}
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"{address}assets/")
            for name, characters in (("short", SHORT), ("long", LONG), ("12-L", LARGEST)):
                text = ("OC1:" + "0A9Z$%*+-./:5K7Q" * 40)[:characters]
                version, modules = _code_of(text)
                asked = {
                    "worker": f"{address}assets/{worker.name}",
                    "modules": modules,
                    "pictures": PICTURES,
                    "warming": WARMING,
                }
                answer = page.evaluate(_READ, asked)
                if answer["read"] != text:
                    raise RuntimeError(f"the {name} code was not read")
                found[name] = (version, statistics.median(answer["times"]), answer["missed"])
            browser.close()
    finally:
        serving.shutdown()
    return found


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing is said of each file."""


def _code_of(text: str) -> tuple[int, list[list[bool]]]:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_L, border=0)
    code.add_data(QRData(text, mode=MODE_ALPHA_NUM))
    code.make(fit=True)
    return code.version, code.get_matrix()


if __name__ == "__main__":
    for kind, (size, middle_ms, unread) in scan_times().items():
        slow = f"{middle_ms * SLOW_PROCESSOR:.0f} ms on a processor {SLOW_PROCESSOR} times slower"
        print(f"{kind} (version {size}): {middle_ms:.1f} ms, {slow}; {unread} of {PICTURES} pictures not read")

# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in Chromium, on a phone and on a desk, light and dark. Without Chromium these tests are skipped; CHROMIUM may name one."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.lvs.cluster.plugins.module_utils.status.page import page
from ansible_collections.lvs.cluster.plugins.module_utils.status.view import view_of

from .conftest import DRAIN, PROC
from .test_director import FAILED, WEB2

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

# The page runs no script, so another page holds it, measures it and writes what it has found into its own text.
OUTER = """<!DOCTYPE html><meta charset="utf-8"><style>body{margin:0}iframe{border:0;width:WIDTHpx;height:900px}</style>
<iframe id="inner"></iframe><pre id="found"></pre><script>
const inner = document.getElementById("inner");
function luminance(colour) {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(element) {
  for (let at = element; at; at = at.parentElement) {
    const back = inner.contentWindow.getComputedStyle(at).backgroundColor;
    if (!/, 0\\)$/.test(back) && back !== "transparent") return back;
    const box = at.parentElement && at.parentElement.tagName === "g" && at.parentElement.querySelector("rect");
    if (box && at.tagName === "text") return inner.contentWindow.getComputedStyle(box).fill;
  }
  return "rgb(255, 255, 255)";
}
inner.onload = () => {
  const inside = inner.contentDocument, found = {width: inside.documentElement.scrollWidth, low: [], small: []};
  for (const element of inside.querySelectorAll("main *")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const place = element.getBoundingClientRect(), style = inner.contentWindow.getComputedStyle(element);
    if (!own || !place.width || ["title", "desc"].includes(element.tagName)) continue;
    const colour = element.tagName === "text" ? style.fill : style.color;
    const [light, dark] = [luminance(colour), luminance(behind(element))].sort((a, b) => b - a);
    if ((light + 0.05) / (dark + 0.05) < 4.5) found.low.push([element.textContent, colour, behind(element)]);
    const scale = element.ownerSVGElement ? place.height / element.getBBox().height : 1;
    if (parseFloat(style.fontSize) * scale < 10) found.small.push([element.textContent, style.fontSize, scale]);
  }
  found.back = inner.contentWindow.getComputedStyle(inside.body).backgroundColor;
  found.pictures = [...inside.querySelectorAll("svg")].map(s => s.getBoundingClientRect().width > 0);
  document.getElementById("found").textContent = JSON.stringify(found);
};
inner.srcdoc = new TextDecoder().decode(Uint8Array.from(atob("PAGE"), c => c.charCodeAt(0)));
</script>"""


@pytest.fixture
def text(status, found) -> str:
    troubled = status(proc=PROC.replace(WEB2, ""), reasons=FAILED, drains=[{**DRAIN, "service": "web-tls"}])
    troubled["instances"][0]["vips"][0]["address"] = "2001:db8:1111:2222:3333:4444:5555:6666"
    down = {"director": "lvs3", "status": None, "state": "unreachable", "why": "x" * 300}
    return page(view_of([{"director": "lvs1", "status": troubled}, found[1], down]))


def chromium(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    base = [
        str(CHROMIUM),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder}",
    ]
    return subprocess.run([*base, *arguments], capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
def test_it_fits_and_can_be_read(tmp_path, text, width, scheme):
    outer = tmp_path / "outer.html"
    packed = base64.b64encode(text.encode()).decode()
    outer.write_text(OUTER.replace("WIDTH", str(width)).replace("PAGE", packed), encoding="utf-8")
    chosen = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    ran = chromium(tmp_path / "p", chosen, "--virtual-time-budget=3000", "--dump-dom", outer.as_uri())
    told = re.search(r'<pre id="found">(.+?)</pre>', ran.stdout)
    assert told is not None, ran.stderr
    found = json.loads(told[1].replace("&quot;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert found["width"] <= width
    assert (found["low"], found["small"]) == ([], [])
    assert found["pictures"] == ([False, True] if width == 390 else [True, False])
    assert found["back"] == ("rgb(13, 17, 23)" if scheme == "dark" else "rgb(246, 248, 250)")


def test_nothing_else_is_fetched_and_nothing_is_complained_of(tmp_path, text):
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/lvs.html"
        picture = tmp_path / "page.png"
        ran = chromium(
            tmp_path / "p", "--enable-logging=stderr", f"--screenshot={picture}", "--window-size=390,900", url
        )
    finally:
        server.shutdown()
    assert asked == ["/lvs.html"]
    # Chromium writes what a page's console would show.
    assert "CONSOLE" not in ran.stderr
    assert picture.stat().st_size > 10_000

"""The TypeScript client's own tests: the vectors of docs/terminal-protocol.md, and what it does with each answer."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from tests.node import CLIENT, ROOT, node


def test_the_tests_of_the_typescript_client_pass() -> None:
    files = sorted(str(path) for path in CLIENT.glob("tests/*.test.ts"))
    done = subprocess.run(
        [node(), "--test", "--test-reporter=spec", *files], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = dict(re.findall(r"^ℹ (tests|pass|skipped|todo) (\d+)$", done.stdout, re.MULTILINE))
    assert int(counts["tests"]) == int(counts["pass"]) >= 260, done.stdout
    assert (counts["skipped"], counts["todo"]) == ("0", "0"), done.stdout


def test_the_npm_lock_names_no_registry_and_no_other_licence() -> None:
    packages = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    ours = {"", "shared/api", "node_modules/@onecard/api"}
    others = {name: package for name, package in packages.items() if name not in ours}
    axe = "node_modules/axe-core"
    free = {
        "Apache-2.0",
        "MIT",
        "MIT OR Apache-2.0",
        "ISC",
        "(MIT OR CC0-1.0)",
        "Python-2.0",
        "BSD-3-Clause",
        "0BSD",
        "Unlicense",
    }
    assert {
        package["license"] for name, package in others.items() if "/lightningcss" not in name and name != axe
    } <= free
    assert others[axe]["dev"], "under MPL-2.0: the tests have it, and nothing that is built"
    assert [name for name, package in others.items() if "resolved" in package or "integrity" not in package] == []
    assert packages[""]["dependencies"].keys() == {
        "openapi-fetch", "preact", "uqr", "vite", "zxing-wasm",
        "@tanstack/react-query", "@tanstack/react-router", "antd", "echarts", "react", "react-dom",
    }, "pages, and their build"  # fmt: skip
    assert packages["shared/api"]["dependencies"].keys() == {"openapi-fetch"}


def test_npm_packages_are_installed_when_their_lock_has_changed_and_not_before(tmp_path: Path) -> None:
    for folder in ("scripts", "web", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    script = tmp_path / "scripts" / "setup-web.sh"
    shutil.copy(ROOT / "scripts" / "setup-web.sh", script)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "web" / name, tmp_path / "web" / name)
    npm, calls = tmp_path / ".venv" / "bin" / "npm", tmp_path / "calls"

    def set_up(status: int = 0) -> int:
        npm.write_text(f'#!/bin/sh\nmkdir -p node_modules\necho "$@" >>{calls}\nexit {status}\n')
        npm.chmod(0o755)
        return subprocess.run([script], capture_output=True, check=False, timeout=60).returncode

    assert set_up(1) == 1
    assert [set_up(), set_up(), len(calls.read_text().splitlines())] == [0, 0, 2], "the first failed, the third is none"
    (tmp_path / "web" / "package-lock.json").write_text("{}")
    assert [set_up(), set_up(), len(calls.read_text().splitlines())] == [0, 0, 3]
    assert all(call.startswith("ci ") for call in calls.read_text().splitlines())

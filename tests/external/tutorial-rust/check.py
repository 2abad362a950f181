"""Carries the Rust tutorial out: check.py ROOT. Its crate is built beside the workspace's own dependencies."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

root = Path(sys.argv[1])
passed = failed = 0


def check(name, expected, found):
    global passed, failed
    if expected == found:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}: {expected!r} expected, {found!r} found")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(url, body=None, token=None, accept="application/json"):
    """Status, body and Location of a call."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Accept": accept})
    if data is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        answer = urllib.request.build_opener(Stay).open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read().decode()
        kind = answer.headers.get_content_type()
        return answer.status, json.loads(text) if kind == "application/json" else text, answer.headers.get("Location")


def run(home, child_of):
    text = (root / "docs/tutorial/rust.md").read_text()
    files = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.M | re.S))
    check("the files of the tutorial", ["Cargo.toml", "src/main.rs"], sorted(files))
    shop = Path(home) / "shop"
    (shop / "src").mkdir(parents=True)
    for name, content in files.items():
        (shop / name).write_text(content)
    (Path(home) / "doorward").symlink_to(root)
    # The versions that are tested, and none newer.
    shutil.copy(root / "Cargo.lock", shop / "Cargo.lock")
    target = {"CARGO_TARGET_DIR": str(root / "target/tutorial")}
    build = subprocess.run(["cargo", "build", "--quiet"], cwd=shop, env={**os.environ, **target})
    check("it builds", 0, build.returncode)
    env = {**os.environ, "ROCKET_PORT": "0", "ROCKET_LOG_LEVEL": "off", "DOORWARD_ARGON2_MEMORY_KIB": "64"}
    child = subprocess.Popen([root / "target/tutorial/debug/shop"], cwd=shop, env=env, stdout=subprocess.PIPE, text=True)
    child_of.append(child)
    url = re.search(r"http://\S+", child.stdout.readline()).group()

    person = {"email": "ada@example.com", "password": "correct horse battery"}
    status, ada, _ = ask(f"{url}/auth/register", person)
    check("signing up", 201, status)
    token = ada["accessToken"]
    check("an order", (200, ["tea"]), ask(f"{url}/orders", "tea", token)[:2])
    check("orders", (200, ["tea"]), ask(f"{url}/orders", token=token)[:2])
    check("nobody", 401, ask(f"{url}/orders")[0])
    limits = {"name": "script", "scopes": ["read:orders"], "rateLimit": {"limit": 2, "windowSeconds": 60}}
    status, key, _ = ask(f"{url}/apikey", limits, token)
    check("a key with limits", 201, status)
    check("what the key may not", 403, ask(f"{url}/orders", "x", key["key"])[0])
    spent = [ask(f"{url}/orders", token=key["key"])[0] for _ in range(3)]
    check("a spent limit", [200, 200, 429], spent)
    status, _, to = ask(f"{url}/", accept="text/html")
    check("a page asks for a sign-in", (303, "/sign-in"), (status, to))


children = []
with tempfile.TemporaryDirectory() as home:
    try:
        run(home, children)
    finally:
        for child in children:
            child.terminate()
            child.wait()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)

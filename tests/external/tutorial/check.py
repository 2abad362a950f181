"""Carries the Python tutorial out: check.py SERVER TUTORIAL."""
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

server, tutorial = sys.argv[1], Path(sys.argv[2])
passed = failed = 0
started = []


def check(name, expected, found):
    global passed, failed
    if expected == found:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}: {expected!r} expected, {found!r} found")


def start(args, where, env):
    with open(Path(where) / "log", "wb") as log:
        child = subprocess.Popen(args, cwd=where, env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=log, text=True)
    started.append(child)
    return re.search(r"http://\S+", child.stdout.readline()).group()


def ask(url, body=None, token=None, headers=None):
    """Status and body of a call."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def run(home):
    files = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", tutorial.read_text(), re.M | re.S))
    check("the files of the tutorial", ["api.json", "app.py", "doorward.py"], sorted(files))
    for name, text in files.items():
        (Path(home) / name).write_text(text)
    base = start([server, "--port", "0", "--data-dir", "data"], home, {})
    operator = (Path(home) / "data/operator.key").read_text().strip()
    status, client = ask(f"{base}/admin/clients", json.loads(files["api.json"]), operator)
    check("the API is registered", 201, status)
    env = {"DOORWARD_URL": base, "API_ID": client["clientId"], "API_SECRET": client["clientSecret"], "PORT": "0"}
    app = start([sys.executable, "app.py"], home, env)

    ada = {"email": "ada@example.com", "password": "correct horse battery"}
    status, signed_up = ask(f"{app}/sign-up", ada)
    check("signing up", 200, status)
    status, again = ask(f"{app}/sign-up", ada)
    check("signing up twice", (409, "email_taken"), (status, again["error"]["code"]))
    status, wrong = ask(f"{app}/sign-in", {**ada, "password": "wrong horse"})
    check("a wrong password", (401, "invalid_credentials"), (status, wrong["error"]["code"]))
    status, signed_in = ask(f"{app}/sign-in", ada)
    check("signing in", 200, status)
    token = signed_in["token"]
    check("an order", (200, ["tea"]), ask(f"{app}/orders", {"what": "tea"}, token))
    check("orders", (200, ["tea"]), ask(f"{app}/orders", token=signed_up["token"]))
    check("nobody", (401, {"error": {"code": "missing_token"}}), ask(f"{app}/orders"))
    check("nonsense", (401, {"error": {"code": "invalid_token"}}), ask(f"{app}/orders", token="nonsense"))

    limits = {"name": "script", "scopes": ["read:orders"], "rateLimit": {"limit": 2, "windowSeconds": 60}}
    status, key = ask(f"{base}/apikey", limits, token)
    check("a key with limits", 201, status)
    refused = (403, {"error": {"code": "insufficient_scope"}})
    check("what the key may not", refused, ask(f"{app}/orders", {"what": "x"}, key["key"]))
    for _ in range(2):
        check("orders with the key", (200, ["tea"]), ask(f"{app}/orders", token=key["key"]))
    spent = (429, {"error": {"code": "rate_limited"}})
    check("a spent limit", spent, ask(f"{app}/orders", token=key["key"]))
    eve = ask(f"{app}/sign-up", {"email": "eve@example.com", "password": "correct horse battery"})[1]["token"]
    check("another's orders", (200, []), ask(f"{app}/orders", token=eve))


with tempfile.TemporaryDirectory() as home:
    try:
        run(home)
    finally:
        for child in started:
            child.terminate()
            child.wait()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0 or passed == 0)

"""A server of its own, and a terminal of its own, for each walk."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid

SERVER = os.environ.get("DOORWARD_SERVER_BIN", "doorward-server")
CONSOLE = os.environ.get("DOORWARD_BIN", "doorward")
PROMPT = "ready>"


class Failure(Exception):
    """What a walk found wrong."""


def expect(true, why):
    if not true:
        raise Failure(why)


# What a walk waits for on a machine that does nothing else may take longer on one that builds.
PATIENCE = 3


def until(done, seconds, why):
    """Polls until something holds."""
    deadline = time.monotonic() + PATIENCE * seconds
    while True:
        value = done()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(why() if callable(why) else why)
        time.sleep(0.03)


def clean_environment():
    """What a server takes for settings stays out."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}


class Server:
    """The real server on a free port with a fresh directory."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="doorward-walk-")
        self.data = os.path.join(self.directory, "data")
        self.process = None
        self.port = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self):
        log = open(os.path.join(self.directory, "server.log"), "ab")
        self.process = subprocess.Popen(
            [SERVER, "--data-dir", self.data, "--port", str(self.port)],
            stdout=subprocess.PIPE, stderr=log, cwd=self.directory, env=clean_environment(),
        )
        line = self.process.stdout.readline().decode()
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        if not found:
            with open(log.name, encoding="utf-8") as file:
                raise SystemExit(f"the server did not start: {file.read()}")
        self.port = int(found.group(1))
        with open(os.path.join(self.data, "operator.key"), encoding="utf-8") as file:
            self.key = file.read().strip()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    @contextlib.contextmanager
    def frozen(self):
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        key = os.path.join(self.data, "operator.key")
        return f"{shlex.quote(CONSOLE)} --server {self.url} --key-file {shlex.quote(key)}"

    def call(self, method, path, body=None, key=None):
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("authorization", f"Bearer {key or self.key}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, data, timeout=10) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def status(self, method, path, key=None):
        try:
            self.call(method, path, key=key)
            return 200
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, OSError):
            return 0

    def create_user(self, email, password=None, first_name=None):
        body = {"email": email}
        if password:
            body["password"] = password
        if first_name:
            body["firstName"] = first_name
        try:
            return self.call("POST", "/admin/users", body)
        except urllib.error.HTTPError as error:
            if first_name and error.code in (400, 422):
                # The server refuses control characters itself: the rest of the name still tries the console.
                body["firstName"] = "".join(c for c in first_name if ord(c) > 0x9F or 0x20 <= ord(c) < 0x7F)
                with contextlib.suppress(urllib.error.HTTPError):
                    return self.call("POST", "/admin/users", body)
                return None
            raise

    def seed(self, users, sessions):
        """Puts many rows in while the server is stopped: signing in so often would take an hour."""
        self.process.terminate()
        self.process.wait()
        now = int(time.time() * 1000)
        database = sqlite3.connect(os.path.join(self.data, "doorward.db"))
        columns = [row[1] for row in database.execute("PRAGMA table_info(sessions)")]
        owner = database.execute("SELECT id FROM users LIMIT 1").fetchone()[0]
        known = {
            "user_id": owner, "client_id": None, "scope": "read write", "user_agent": "seed/1.0", "created_at": now,
            "last_seen_at": now, "expires_at": now + 7_776_000_000, "idle_until": now + 2_592_000_000, "revoked_at": None,
        }
        template = database.execute("SELECT * FROM sessions LIMIT 1").fetchone()
        if template:
            known = {**dict(zip(columns, template)), **known}
        rows = []
        for number in range(sessions):
            stamp = now - number
            row = {**known, "id": stamp.to_bytes(6, "big") + number.to_bytes(10, "big")}
            row["ip"] = known.get("ip", b"\x7f\x00\x00\x01")
            rows.append([row[column] for column in columns])
        with database:
            database.executemany(f"INSERT INTO sessions VALUES ({','.join('?' * len(columns))})", rows)
            counted = (pathlib.Path(__file__).parents[3] / "server/src/store/counted.sql").read_text()
            database.execute(f"UPDATE counts SET rows = {counted}")
        database.close()
        self.start()
        for number in range(users):
            self.create_user(f"seed{number}@example.org")

    def login(self, email, password):
        return self.call("POST", "/auth/login", {"email": email, "password": password})

    def user(self, email):
        found = self.call("GET", f"/admin/users?q={email}")
        return next(user["id"] for user in found["data"] if user["email"] == email)

    def live_sessions(self, user):
        return self.call("GET", f"/admin/sessions?userId={user}&active=true")["pagination"]["total"]


class Pane:
    """A terminal of a fixed size, in a tmux server of its own."""

    def __init__(self, width, height, cwd=None):
        self.socket = f"doorward-walk-{uuid.uuid4().hex[:8]}"
        self.width, self.height, self.cwd = width, height, cwd
        self.home = tempfile.mkdtemp(prefix="doorward-home-")
        self.started = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server", check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def tmux(self, *args, check=True):
        done = subprocess.run(["tmux", "-L", self.socket, *args], capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise Failure(f"tmux {args[0]}: {done.stderr.strip()}")
        return done.stdout

    def shell(self):
        if self.started:
            return
        self.started = True
        env = f"env -u NO_COLOR -u DOORWARD_URL -u DOORWARD_KEY -u DOORWARD_KEY_FILE HOME={shlex.quote(self.home)} XDG_CONFIG_HOME={shlex.quote(self.home)} TERM=screen-256color LC_ALL=C.UTF-8 PS1={shlex.quote(PROMPT + ' ')}"
        conf = os.path.join(self.home, "tmux.conf")
        with open(conf, "w", encoding="utf-8") as file:
            # The clipboard is let through, so that a walk sees what would reach it.
            file.write("set -g set-clipboard on\nset -g history-limit 5000\nset -g status off\nset -g escape-time 0\n")
        cwd = ["-c", self.cwd] if self.cwd else []
        self.tmux("-f", conf, "new-session", "-d", "-x", str(self.width), "-y", str(self.height), *cwd, f"{env} bash --norc --noprofile -i")
        self.wait(PROMPT)

    def start(self, server, shell=False):
        """Runs the console from a shell, and waits for its first answers."""
        del shell
        self.shell()
        self.line(server.command())
        self.wait("Dashboard", 10)
        # Connected: whoami has answered.
        self.wait_any(["live", "online"], 10)

    def line(self, text):
        self.type(text)
        self.keys("Enter")

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def keys(self, *keys):
        for key in keys:
            self.tmux("send-keys", "--", key)

    def lines(self):
        return self.tmux("capture-pane", "-p").split("\n")

    def text(self):
        return "\n".join(self.lines())

    def history(self):
        return self.tmux("capture-pane", "-p", "-S", "-5000")

    def clipboard(self):
        return self.tmux("show-buffer", check=False)

    def wait(self, word, seconds=5):
        self.wait_any([word], seconds)

    def wait_any(self, words, seconds=5):
        until(lambda: any(word in self.text() for word in words), seconds, lambda: f"{words} did not appear:\n{self.text()}")

    def gone(self, word, seconds=5):
        until(lambda: word not in self.text(), seconds, lambda: f"{word!r} stays:\n{self.text()}")

    def time_to(self, word, command):
        self.type(command)
        until(lambda: command[-20:] in self.text().replace("\n", ""), 5, "the command was not typed")
        # What is waited for stands in the title, not in the command.
        start = time.monotonic()
        self.keys("Enter")
        until(lambda: f" {word} " in self.lines()[0], 5, lambda: f"no frame:\n{self.text()}")
        return time.monotonic() - start

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))

    def flag(self, name):
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip() == "1"

    def shell_pid(self):
        return int(self.tmux("display-message", "-p", "#{pane_pid}").strip())

    def child(self):
        def find():
            found = subprocess.run(["pgrep", "-P", str(self.shell_pid())], capture_output=True, text=True, check=False)
            return found.stdout.split()
        return int(until(find, 5, "the console does not run")[0])

    def alive(self):
        found = subprocess.run(["pgrep", "-P", str(self.shell_pid())], capture_output=True, text=True, check=False)
        return bool(found.stdout.strip())

    def cpu(self):
        with open(f"/proc/{self.child()}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident, in KiB."""
        with open(f"/proc/{self.child()}/status", encoding="utf-8") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def stty(self):
        tty = self.tmux("display-message", "-p", "#{pane_tty}").strip()
        # A shell's own line editing differs from what programs see: asked for while the shell runs stty itself.
        mark = uuid.uuid4().hex[:8]
        path = os.path.join(self.home, mark)
        del tty
        self.line(f"stty -g > {shlex.quote(path)}; echo done-{mark}")
        until(lambda: os.path.exists(path) and os.path.getsize(path) > 0, 5, lambda: f"stty did not run:\n{self.text()}")
        with open(path, encoding="utf-8") as file:
            return file.read()

    def shell_is_back(self):
        until(lambda: not self.alive(), 5, lambda: f"the console is still there:\n{self.text()}")
        self.keys("Enter")
        self.wait(PROMPT)

    def quit(self):
        self.keys("Escape", "Escape", "Escape")
        self.type(":q")
        self.keys("Enter")
        self.ended(0)

    def ended(self, code):
        self.shell_is_back()
        self.line("echo code-$?")
        # The Enter that waited for the prompt leaves the code alone.
        self.wait(f"code-{code}")

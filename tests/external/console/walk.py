#!/usr/bin/env python3
"""Walks the operators' console in tmux, against the real server.

DOORWARD_SERVER_BIN and DOORWARD_BIN name the two programs. Prints `N passed, N failed`; exits 1 when anything failed.
"""

import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Failure, Pane, Server, expect, until  # noqa: E402

HOSTILE = [
    "\x1b]52;c;aGFja2Vk\x07first",
    "\x1b[31mred\x1b[2J",
    "c1\x9b31m\x85next",
    "\u202egnp.evil",
    "李小龍李小龍李小龍李小龍",
    "👩\u200d👩\u200d👧\u200d👦 family",
]


def first_frame_comes_at_once(server):
    """The first frame is drawn within 100 ms of start, and before a server that never answers has said anything."""
    with Pane(80, 24) as pane:
        pane.shell()
        with server.frozen():
            took = pane.time_to("doorward", server.command())
            pane.wait("Dashboard")
            expect(took < 0.5, f"the first frame took {took * 1000:.0f} ms, tmux and shell included")
        pane.quit()


def screens_by_digit_and_palette(server):
    server.login("carol@example.org", "correct horse 12")
    with Pane(80, 24) as pane:
        pane.start(server)
        for key, word in zip("1234567", ["Dashboard", "Users", "Sessions", "API keys", "Clients", "Events", "Health"]):
            pane.keys(key)
            pane.wait(f"[{key} {word}]")
        for name, word in [("users", "EMAIL"), ("sessions", "ADDRESS"), ("roles", "PERMISSIONS"), ("keys", "ALGORITHM")]:
            pane.type(f":{name}")
            pane.keys("Enter")
            pane.wait(word)
        pane.type(":q")
        pane.keys("Enter")
        pane.ended(0)


def finds_a_user_and_ends_their_sessions(server):
    for _ in range(3):
        server.login("bob@example.org", "correct horse 12")
    bob = server.user("bob@example.org")
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.keys("2")
        pane.wait("bob@example.org")
        pane.type("/bob@")
        pane.wait("Users · 1 ·")
        pane.keys("Enter")
        pane.keys("X")
        pane.wait("Type 3")
        time.sleep(0.4)
        pane.keys("Enter")
        pane.gone("Type 3")
        expect(server.live_sessions(bob) == 3, "Enter alone ended sessions")
        pane.keys("X")
        pane.wait("Type 3")
        time.sleep(0.4)
        pane.type("3")
        pane.keys("Enter")
        pane.wait("ended: 3 sessions of 1 user")
        expect(server.live_sessions(bob) == 0, "sessions live on")
        pane.quit()


def mints_and_revokes_a_key(server):
    path = os.path.join(server.directory, "ci-walk.key")
    with Pane(80, 24, cwd=server.directory) as pane:
        pane.start(server)
        pane.keys("4")
        pane.wait("OWNER")
        pane.keys("n")
        pane.wait("Mint an API key")
        time.sleep(0.4)
        pane.type("ci walk")
        pane.keys("Tab")
        pane.type("read:orders")
        pane.keys("Space")
        pane.wait("read:orders |")
        pane.keys("C-s")
        pane.wait("The key is minted")
        expect("sk_live_" not in pane.text(), "the secret is on the screen unasked")
        time.sleep(0.4)
        pane.keys("Escape")
        pane.wait("neither seen, copied nor written")
        time.sleep(0.4)
        pane.keys("n")
        pane.keys("v")
        pane.wait("sk_live_")
        pane.keys("w")
        pane.wait("File:")
        pane.keys("Enter")
        pane.wait("written to")
        expect(os.stat(path).st_mode & 0o777 == 0o600, "the file can be read by others")
        secret = open(path, encoding="utf-8").read().strip()
        pane.keys("Escape")
        pane.wait("ci walk")
        expect(server.status("GET", "/apikey", key=secret) != 401, "the key does not work")
        expect(secret not in pane.history(), "the secret is in the scrollback")
        pane.type("/ci walk")
        pane.wait("API keys · 1 ·")
        pane.keys("Enter", "x")
        pane.wait("Type yes")
        time.sleep(0.4)
        pane.type("yes")
        pane.keys("Enter")
        pane.gone("Type yes")
        pane.wait(" is revoked")
        expect(server.status("GET", "/apikey", key=secret) == 401, "the revoked key works")
        pane.quit()
        expect(secret not in pane.history(), "the secret is in the scrollback")


def the_copy_of_the_master_key_is_answered_for(server):
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.wait("A first evening")
        pane.keys("Tab", "Tab", "Tab", "Tab")
        pane.wait("> ○ issuer set")
        for _ in range(6):
            if "> ○ master.key copied" in pane.text():
                break
            pane.keys("j")
            time.sleep(0.3)
        pane.wait("> ○ master.key copied")
        pane.keys("Enter")
        pane.wait(os.path.join(server.data, "master.key")[-30:])
        pane.keys("Enter")
        pane.gone("It is copied")
        pane.keys("Enter")
        pane.wait("It is copied")
        pane.keys("2")
        pane.wait("kept: master.key of")
        pane.gone("○ master.key copied")
        with open(os.path.join(pane.home, "doorward", "master-keys-copied"), encoding="utf-8") as file:
            expect(file.read().strip() == server.url, "it is not kept for this server")
        pane.quit()


def the_last_administrator_is_named_before_the_act(server):
    root = {"email": "root@example.org", "password": "correct horse 12", "role": "admin"}
    server.call("POST", "/admin/users", root)
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.keys("2")
        pane.wait("EMAIL")
        pane.type("/@example.org")
        pane.keys("Enter")
        pane.wait("root@example.org")
        pane.keys("*", "x")
        pane.wait("root@example.org: the last administrator")
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.keys("2")
        pane.wait("EMAIL")
        pane.type("/root@")
        pane.wait("Users · 1 ·")
        pane.keys("Enter", "x")
        pane.wait("The last administrator: the server refuses this.")
        pane.keys("Escape")
        pane.quit()


def hostile_names_leave_the_screen_alone(server):
    for at, name in enumerate(HOSTILE):
        server.create_user(f"hostile{at}@example.org", first_name=name)
    for width, height in [(120, 40), (80, 24), (40, 12)]:
        with Pane(width, height) as pane:
            pane.start(server)
            pane.keys("2")
            pane.wait("@example.org" if width > 60 else "EMAIL")
            rows = [line for line in pane.lines() if line.startswith("│")]
            expect(len(rows) >= 5, "no rows")
            for row in rows:
                expect(row.endswith("│"), f"a border is bent: {row!r}")
            expect(pane.clipboard() == "", "something reached the clipboard")
            pane.quit()


def resize_to_nothing_and_back(server):
    with Pane(120, 40) as pane:
        pane.start(server)
        pane.keys("2")
        pane.wait("@example.org")
        for width, height in [(80, 24), (40, 12), (40, 10), (20, 5), (3, 2), (1, 1), (2, 30), (120, 40)]:
            pane.resize(width, height)
            time.sleep(0.15)
            expect(pane.alive(), f"it died at {width}x{height}")
        pane.wait("@example.org")
        pane.wait("[2 Users]")
        pane.quit()


def stop_and_go_on(server):
    with Pane(80, 24) as pane:
        pane.shell()
        before = pane.stty()
        pane.start(server, shell=True)
        pane.keys("2")
        pane.wait("@example.org")
        pane.keys("C-z")
        pane.wait("topped")
        expect(pane.stty() == before, "the terminal is not as it was while stopped")
        expect(not pane.flag("alternate_on"), "the alternate screen is still up")
        pane.line("fg")
        pane.wait("@example.org")
        expect(pane.flag("alternate_on"), "it did not come back")
        pane.keys("3")
        pane.wait("[3 Sessions]")
        pane.quit()
        expect(pane.stty() == before, "the terminal is not as it was at the end")


def restores_the_terminal(server, how):
    with Pane(80, 24) as pane:
        pane.shell()
        before = pane.stty()
        pane.start(server, shell=True)
        if how == "panic":
            pane.type(":crash")
            pane.wait("crash")
            pane.keys("Enter")
            pane.wait("panicked")
        else:
            os.kill(pane.child(), signal.SIGTERM)
        pane.shell_is_back()
        expect(not pane.flag("alternate_on"), "the alternate screen is still up")
        expect(not pane.flag("mouse_any_flag"), "the mouse is still captured")
        expect(pane.flag("cursor_flag"), "the cursor is hidden")
        expect(pane.stty() == before, "stty differs")


def server_killed_and_restarted(server):
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.keys("2")
        pane.wait("@example.org")
        server.kill()
        pane.wait("OFFLINE", 8)
        pane.wait("@example.org")
        pane.keys("x")
        time.sleep(0.3)
        expect("Type yes" not in pane.text(), "a change was offered without a server")
        pane.keys("j")
        server.start()
        pane.gone("OFFLINE", 20)
        pane.wait("live", 10)
        pane.quit()


def server_blackholed(server):
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.keys("2")
        pane.wait("@example.org")
        with server.frozen():
            pane.keys("r")
            pane.wait("NO ANSWER", 8)
            start = time.monotonic()
            pane.keys("?")
            pane.wait("Keys (esc")
            took = time.monotonic() - start
            expect(took < 0.5, f"a key took {took:.2f} s")
            pane.keys("Escape")
        pane.gone("NO ANSWER", 20)
        pane.quit()


def long_lists_are_walked_in_pages(server):
    """500 users and 100,000 sessions: pages come as the selection nears them, and every key is answered."""
    server.seed(users=500, sessions=100_000)
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.keys("3")
        pane.wait("Sessions · 100,0", 10)
        for _ in range(60):
            pane.keys("NPage")
        # Twenty rows at a time, over a thousand rows: more than the window holds.
        def is_far():
            far = position(pane) > 600
            if not far:
                pane.keys("NPage")
            return far
        until(is_far, 15, lambda: f"it does not get on:\n{pane.text()}")
        start = time.monotonic()
        pane.keys("?")
        pane.wait("Keys (esc")
        took = time.monotonic() - start
        expect(took < 0.5, f"a key took {took:.2f} s")
        pane.keys("Escape")
        before = position(pane)
        def is_back():
            # A key at the edge of what is loaded goes no further: on a slow machine it takes more of them.
            pane.keys("PPage")
            return position(pane) < 30
        until(is_back, 15, lambda: f"it does not come back from {before}:\n{pane.text()}")
        rss = pane.memory()
        expect(rss < 120 * 1024, f"{rss} KiB of memory")
        pane.keys("2")
        pane.wait("Users · 5", 10)
        pane.type("/seed499")
        pane.wait("seed499@example.org")
        pane.keys("Enter")
        pane.quit()


def position(pane):
    """The row that is selected, by the foot of the screen."""
    found = re.search(r"^ ([\d,]+) of ", pane.text(), re.MULTILINE)
    return int(found.group(1).replace(",", "")) if found else 0


def idle_costs_nothing(server):
    with Pane(80, 24) as pane:
        pane.start(server)
        pane.keys("2")
        pane.wait("@example.org")
        time.sleep(1)
        before = pane.cpu()
        time.sleep(5)
        used = pane.cpu() - before
        expect(used < 0.15, f"{used:.2f} s of CPU in 5 idle seconds")
        pane.quit()


def main():
    walks = [
        first_frame_comes_at_once,
        screens_by_digit_and_palette,
        finds_a_user_and_ends_their_sessions,
        mints_and_revokes_a_key,
        hostile_names_leave_the_screen_alone,
        resize_to_nothing_and_back,
        stop_and_go_on,
        long_lists_are_walked_in_pages,
        server_blackholed,
        server_killed_and_restarted,
        idle_costs_nothing,
        the_copy_of_the_master_key_is_answered_for,
        the_last_administrator_is_named_before_the_act,
    ]
    named = [(walk.__name__, walk) for walk in walks]
    named.append(("sigterm_restores_the_terminal", lambda server: restores_the_terminal(server, "sigterm")))
    if os.environ.get("DOORWARD_WALK_PANIC", "1") != "0":
        # Builds for release have no command that panics.
        named.append(("panic_restores_the_terminal", lambda server: restores_the_terminal(server, "panic")))
    chosen = sys.argv[1:]
    passed = failed = 0
    with Server() as server:
        server.create_user("bob@example.org", password="correct horse 12")
        server.create_user("carol@example.org", password="correct horse 12")
        for name, walk in named:
            if chosen and name not in chosen:
                continue
            try:
                until(lambda: server.status("GET", "/health/ready") == 200, 10, "the server is not ready")
                walk(server)
                passed += 1
                print(f"ok      {name}")
            except (Failure, OSError) as failure:
                failed += 1
                print(f"FAILED  {name}: {failure}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

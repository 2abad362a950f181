#!/usr/bin/env python3
"""What operators do, done in tmux against a real server, with the number of keys that each takes.

DOORWARD_SERVER_BIN and DOORWARD_BIN name the two programs. Text that is typed counts as nothing, Enter, Tab and the like as
one key each. A task that does not go through, or takes more keys than it may, fails. Names of tasks as arguments run those.
"""

import glob
import json
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from picture import PASSWORD, Company  # noqa: E402
from support import Failure, Pane, expect, until  # noqa: E402

TASKS = []


def task(keys):
    """A task, and how many keys it may take."""
    return lambda do: TASKS.append((do.__name__, keys, do))


class Hands:
    """Presses keys, and counts them."""

    def __init__(self, pane):
        self.pane, self.count = pane, 0

    def press(self, *keys):
        for key in keys:
            self.pane.keys(key)
        self.count += len(keys)

    def write(self, text):
        self.pane.type(text)

    def see(self, word, seconds=5):
        self.pane.wait(word, seconds)

    def dialog(self, word):
        """Waits for a dialog, and until it takes what confirms."""
        self.see(word)
        time.sleep(0.4)


@task(6)
def find_a_user(hands, server):
    hands.press("2", "/")
    hands.write("olga")
    hands.press("Enter")
    hands.see("Users · 1 ·")
    hands.see("olga.petrova@example.org")


@task(3)
def end_the_sessions_of_a_user(hands, server):
    person = server.user("yuki.tanaka@example.org")
    expect(server.live_sessions(person) > 0, "nobody is signed in")
    hands.pane.keys("2", "/")
    hands.write("yuki")
    hands.pane.keys("Enter")
    hands.see("Users · 1 ·")
    hands.press("X")
    hands.dialog("1 session of 1 user end")
    hands.write("yes")
    hands.press("Enter")
    until(lambda: server.live_sessions(person) == 0, 5, lambda: f"a session lives on:\n{hands.pane.text()}")


@task(8)
def mint_a_key(hands, server):
    hands.press("4", "n")
    hands.dialog("Cancel")
    hands.write("ci")
    hands.press("Tab", "Space", "C-s")
    hands.see("The key is minted")
    hands.pane.keys("Escape", "Escape")


@task(6)
def keys_unused_for_30_days(hands, server):
    hands.press("4", "/")
    hands.write("unused:30d")
    hands.press("Enter")
    hands.see("/unused:30d")


@task(1)
def who_fails_most(hands, server):
    hands.press("1")
    hands.see("Failures by network")
    hands.see("203.0.113.0/24")


@task(5)
def follow_the_events_of_one_address(hands, server):
    hands.press("6", "/")
    hands.write("ip:203.0.113.9")
    hands.press("Enter")
    hands.see("Events · ")
    server.comes("/auth/login", {"email": "grace.hopper@example.org", "password": "wrong password"}, "203.0.113.9")
    hands.see("login.failed")


@task(8)
def an_incident_with_its_report(hands, server):
    hands.press(":")
    hands.write("incident 203.0.113.7")
    hands.press("Enter")
    hands.see("Incident · address 203.0.113.7")
    hands.see("failure")
    hands.press("m")
    until(lambda: glob.glob(os.path.join(hands.pane.cwd, "incident-203.0.113.7-*.md")), 5, "there is no report")


@task(8)
def an_incident_around_a_network_and_a_person_with_its_json(hands, server):
    person = server.user("ada.lovelace@example.org")
    hands.press(":")
    hands.write(f"incident 203.0.113.0/24 {person}")
    hands.press("Enter")
    hands.see("2 together")
    hands.see("failure")
    hands.press("J")
    pattern = os.path.join(hands.pane.cwd, "incident-203.0.113.0-24-and-1-more-*.json")
    until(lambda: glob.glob(pattern), 5, "there is no report")
    report = json.load(open(glob.glob(pattern)[0]))
    expect(len(report["subjects"]) == 2, report["subjects"])
    expect(report["data"], "there are no events")
    expect(any(step["step"] == "block" for step in report["steps"]), report["steps"])


@task(8)
def a_step_of_an_incident_and_its_undo(hands, server):
    person = server.user("layla.haddad@example.org")
    hands.pane.keys(":")
    hands.write(f"incident {person}")
    hands.pane.keys("Enter")
    hands.see("Disable layla")
    hands.press("Down", "Enter")
    hands.dialog("It hits")
    hands.press("Tab", "Tab", "Enter")
    until(lambda: server.call("GET", f"/admin/users/{person}")["disabled"], 5, "the account is not disabled")
    hands.see("is disabled")
    hands.press("u")
    hands.dialog("Undo: ")
    hands.press("Tab", "Enter")
    until(lambda: not server.call("GET", f"/admin/users/{person}")["disabled"], 5, "the account stays disabled")


@task(8)
def block_the_network_that_fails_most(hands, server):
    hands.press("1")
    hands.see("Failures by network")
    hands.press("Tab", "b")
    hands.dialog("Block a network")
    hands.press("Tab")
    hands.write("password spraying")
    hands.press("C-s")
    hands.dialog("Block 203.0.113.0/24?")
    hands.write("yes")
    hands.press("Enter")
    until(lambda: server.call("GET", "/admin/blocks")["data"], 5, lambda: f"nothing is blocked:\n{hands.pane.text()}")
    answer = server.comes("/auth/login", {"email": "ada.lovelace@example.org", "password": PASSWORD}, "203.0.113.200")
    expect(answer == 403, f"signing in from there answers {answer}")


@task(5)
def let_the_network_in_again(hands, server):
    hands.press(":")
    hands.write("blocks")
    hands.press("Enter")
    hands.see("password spraying")
    hands.press("x")
    hands.dialog("Lift the block")
    hands.write("yes")
    hands.press("Enter")
    until(lambda: not server.call("GET", "/admin/blocks")["data"], 5, lambda: f"it is still blocked:\n{hands.pane.text()}")


@task(8)
def end_the_sessions_of_a_network(hands, server):
    hands.press("3", "/")
    hands.write("ip:198.51.100.0/28 state:live")
    hands.press("Enter")
    hands.see("state:live ─")
    hands.press("*", "x")
    hands.dialog("end at once")
    wanted = re.search(r"Type (\S+):", hands.pane.text()).group(1)
    hands.write(wanted)
    hands.press("Enter")
    ended = "/admin/sessions?ip=198.51.100.0/28&active=true"
    until(lambda: server.call("GET", ended)["pagination"]["total"] == 0, 5, lambda: f"some live on:\n{hands.pane.text()}")


@task(6)
def register_a_web_client(hands, server):
    hands.press("5", "n")
    hands.dialog("It is a")
    hands.write("Calendar")
    hands.press("Tab", "Tab")
    hands.write("https://calendar.example.org/callback")
    hands.press("C-s")
    hands.see("The client is registered")
    hands.pane.keys("Escape", "Escape")


@task(2)
def all_about_somebody(hands, server):
    server.comes("/auth/login", {"email": "olga.petrova@example.org", "password": PASSWORD}, "192.0.2.8")
    hands.press(":")
    hands.write("user olga")
    hands.press("Enter")
    hands.see("User · olga.petrova@example.org")
    hands.see("Live sessions · ")
    hands.see("Timeline")


@task(2)
def how_much_a_key_is_used(hands, server):
    hands.press(":")
    hands.write("key ci")
    hands.press("Enter")
    hands.see("API key · ci")
    hands.see("Use in 30 days")


@task(2)
def who_comes_from_an_address(hands, server):
    hands.press(":")
    hands.write("203.0.113.9")
    hands.press("Enter")
    hands.see("Address · 203.0.113.9")
    hands.see("Failures")
    hands.see("People")


@task(4)
def end_one_session_of_somebody_from_their_page(hands, server):
    person = server.user("yuki.tanaka@example.org")
    for ip in ("192.0.2.8", "192.0.2.9"):
        server.comes("/auth/login", {"email": "yuki.tanaka@example.org", "password": PASSWORD}, ip)
    before = server.live_sessions(person)
    expect(before > 1, "nobody is signed in")
    hands.pane.keys(":")
    hands.write("user yuki")
    hands.pane.keys("Enter")
    hands.see("Live sessions · ")
    # Factors and applications have no lines: the addresses come first, then the sessions.
    hands.press("Tab", "Tab")
    hands.press("x")
    hands.dialog("End this session?")
    hands.write("yes")
    hands.press("Enter")
    until(lambda: server.live_sessions(person) == before - 1, 5, lambda: f"it lives on:\n{hands.pane.text()}")


@task(4)
def back_to_where_one_was(hands, server):
    hands.press("5")
    hands.see("GRANTS")
    hands.press("j", "Enter")
    hands.see("Client · ")
    hands.press("Escape")
    hands.see("2 of ")


@task(5)
def a_filter_without_typing_its_words(hands, server):
    hands.press("2", "/")
    hands.write("st")
    hands.press("Tab", "Tab", "Enter")
    hands.see("/state:active")


@task(3)
def stop_the_events_and_go_on(hands, server):
    hands.press("6", "p")
    hands.see("PAUSED")
    server.comes("/auth/login", {"email": "grace.hopper@example.org", "password": "wrong password"}, "203.0.113.9")
    hands.see("PAUSED, 1 waiting")
    hands.press("p")
    hands.see("live again")


@task(3)
def the_last_week(hands, server):
    hands.press("1", "t", "t")
    hands.see("Last 7 days")


@task(5)
def undo_what_was_done(hands, server):
    person = server.user("layla.haddad@example.org")
    hands.pane.keys("2", "/")
    hands.write("layla")
    hands.pane.keys("Enter")
    hands.see("Users · 1 ·")
    hands.pane.keys("d")
    hands.see("Disable")
    hands.dialog("It hits")
    hands.pane.keys("Tab", "Tab", "Enter")
    hands.see("is disabled")
    hands.press(":")
    hands.write("undo")
    hands.press("Enter")
    hands.see("min left")
    hands.press("1")
    hands.dialog("It does")
    hands.press("Tab", "Enter")
    until(lambda: not server.call("GET", f"/admin/users/{person}")["disabled"], 5, "the account stays disabled")


def main():
    chosen = sys.argv[1:]
    failed = 0
    with Company() as server:
        server.fill()
        for name, most, do in TASKS:
            if chosen and name not in chosen:
                continue
            with tempfile.TemporaryDirectory() as home, Pane(120, 40, cwd=home) as pane:
                hands = Hands(pane)
                try:
                    pane.start(server)
                    do(hands, server)
                    expect(hands.count <= most, f"{hands.count} keys, of {most}")
                    print(f"ok      {hands.count} keys of {most}  {name}")
                except Failure as failure:
                    failed += 1
                    print(f"FAILED  {name}: {failure}")
    print(f"{len(chosen or TASKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What operators make their own, in tmux against a real server: views, columns, themes, own commands, alert rules and the
keys of k9s; and the ids that bash, zsh and fish complete, in those of them that are installed.

DOORWARD_SERVER_BIN and DOORWARD_BIN name the two programs. Names of walks as arguments run those. With DOORWARD_CAPTURES the
screens are kept in that folder, to be looked at.
"""

import os
import shlex
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from picture import Company  # noqa: E402
from support import CONSOLE, Failure, Pane, expect, until  # noqa: E402

SIZES = [(200, 60), (120, 40), (80, 24), (40, 12)]

CONFIG = """\
# kept by hand
keymap = "k9s"
theme = "sea"

[commands.hello]
key = "W"
where = ["users"]
run = ["printf", "about %s\\\\n", "{email}"]
changes = false

[commands.tell]
run = ["touch", "@HOME@/told"]
changes = false

[alerts.spraying]
when = "failures > 0/h"
command = "tell"
"""

THEME = """\
[dark]
accent = "bold #88c0d0"

[light]
accent = "bold 25"
"""


def configure(pane, config=CONFIG):
    folder = os.path.join(pane.home, "doorward")
    os.makedirs(os.path.join(folder, "themes"), exist_ok=True)
    path = os.path.join(folder, "config.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config.replace("@HOME@", pane.home))
    with open(os.path.join(folder, "themes", "sea.toml"), "w", encoding="utf-8") as file:
        file.write(THEME)
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def keep(pane, name):
    folder = os.environ.get("DOORWARD_CAPTURES")
    if folder:
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{name}_{pane.width}x{pane.height}.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(pane.text())


def allow(pane):
    """Lets the alert rule run its command: asked once, with Cancel in focus."""
    pane.wait("Cancel")
    keep(pane, "alert_question")
    time.sleep(0.4)
    pane.keys("Tab", "Enter")
    pane.gone("Allow")


def an_alert_rule_asks_once_rings_and_runs_its_command(server):
    for width, height in SIZES:
        with Pane(width, height) as pane:
            configure(pane)
            pane.start(server)
            allow(pane)
            pane.wait("ALERT spraying", 20)
            keep(pane, "alert")
            until(lambda: os.path.exists(os.path.join(pane.home, "told")), 10, "the command did not run")
            pane.keys("Escape")
            pane.gone("ALERT")
            pane.quit()
            # Asked once: not at the next start.
            pane.start(server)
            time.sleep(1)
            expect("Allow" not in pane.text(), "it asks again")
            pane.quit()


def views_and_columns_are_kept_and_come_back(server):
    for width, height in SIZES:
        with Pane(width, height) as pane:
            path = configure(pane, '# kept by hand\ntheme = "sea"\n')
            pane.start(server)
            pane.keys("2")
            pane.wait("Users")
            pane.type("/example.org")
            pane.keys("Enter")
            pane.type(":columns email,emailVerified")
            pane.keys("Enter")
            pane.wait("EMAIL VERIFIED" if width > 40 else "EMAIL")
            pane.type(":save mine")
            pane.keys("Enter")
            until(lambda: "views.mine" in read(path), 5, lambda: f"it is not kept: {read(path)}")
            expect(read(path).startswith("# kept by hand"), "the comment is gone")
            keep(pane, "columns")
            pane.quit()
            pane.start(server)
            pane.type(":view mine")
            pane.keys("Enter")
            pane.wait("/example.org")
            keep(pane, "view")
            pane.quit()


def an_own_command_is_asked_about_and_shows_its_output(server):
    for width, height in SIZES:
        with Pane(width, height) as pane:
            configure(pane, CONFIG.replace('\n[alerts.spraying]\nwhen = "failures > 0/h"\ncommand = "tell"\n', ""))
            pane.start(server)
            pane.keys("2")
            pane.wait("@")
            pane.type("/olga")
            pane.keys("Enter")
            pane.wait("olga")
            pane.type("W")
            pane.wait("Run hello?")
            keep(pane, "own_command_question")
            time.sleep(0.4)
            pane.keys("Enter")
            pane.gone("Run hello?")
            pane.type("W")
            pane.wait("Run hello?")
            time.sleep(0.4)
            pane.keys("Tab", "Enter")
            pane.wait("about olga")
            pane.wait("done")
            keep(pane, "own_command_output")
            pane.keys("Escape")
            pane.quit()


def the_keys_of_k9s(server):
    for width, height in SIZES:
        with Pane(width, height) as pane:
            configure(pane, 'keymap = "k9s"\n')
            pane.start(server)
            pane.keys("2")
            pane.wait("EMAIL")
            pane.type("d")
            pane.wait("User ·")
            keep(pane, "k9s_describe")
            pane.type("q")
            pane.gone("User ·")
            pane.keys("C-d")
            pane.wait("Delete")
            keep(pane, "k9s_delete")
            pane.keys("Escape")
            pane.type("?")
            pane.wait("Keys")
            keep(pane, "k9s_help")
            pane.keys("Escape")
            pane.quit()


def keys_sent_together_with_escape_are_not_lost(server):
    with Pane(120, 40) as pane:
        configure(pane, 'keymap = "k9s"\n')
        pane.start(server)
        pane.keys("2")
        # The dashboard has addresses too: the head of the list stands above its rows.
        pane.wait("EMAIL")
        pane.keys("Enter")
        pane.wait("User ·")
        # Esc, `:`, `q` in one piece, as a busy machine delivers them.
        pane.tmux("send-keys", "-H", "1b", "3a", "71")
        pane.gone("User ·")
        pane.keys("Enter")
        pane.ended(0)


SHELLS = {
    "bash": ("bash --norc -i", "source <(doorward completions bash)"),
    "zsh": ("zsh -f", "autoload -U compinit; compinit -u; source <(doorward completions zsh)"),
    "fish": ("fish --no-config", "doorward completions fish | source"),
}


def shells_complete_ids_and_names(server):
    person = server.user("olga.petrova@example.org")
    for name, (start, source) in SHELLS.items():
        if not shutil.which(name):
            print(f"        {name} is not installed")
            continue
        with Pane(120, 40) as pane:
            pane.shell()
            folder = shlex.quote(os.path.dirname(os.path.abspath(CONSOLE)))
            key = os.path.join(server.data, "operator.key")
            pane.line(f"export PATH={folder}:$PATH DOORWARD_URL={server.url} DOORWARD_KEY_FILE={shlex.quote(key)}")
            pane.line(start)
            time.sleep(1)
            pane.line(source)
            time.sleep(1.5)
            pane.type("doorward users get olga.p")
            pane.keys("Tab")
            pane.wait("olga.petrova@example.org", 5)
            # Not ^C: the terminal throws away what is typed right after it.
            pane.keys("C-u")
            pane.type(f"doorward users get {person[:-4]}")
            pane.keys("Tab")
            pane.wait(person, 5)
            keep(pane, f"completion_{name}")


WALKS = [
    an_alert_rule_asks_once_rings_and_runs_its_command,
    views_and_columns_are_kept_and_come_back,
    an_own_command_is_asked_about_and_shows_its_output,
    the_keys_of_k9s,
    keys_sent_together_with_escape_are_not_lost,
    shells_complete_ids_and_names,
]


def main():
    chosen = sys.argv[1:]
    failed = 0
    with Company() as server:
        server.fill()
        for walk in WALKS:
            if chosen and walk.__name__ not in chosen:
                continue
            try:
                walk(server)
                print(f"ok      {walk.__name__}")
            except Failure as failure:
                failed += 1
                print(f"FAILED  {walk.__name__}: {failure}")
    print(f"{len(chosen or WALKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Draws the console's screens as SVG, from a real server with the life of a small company in it.

picture.py DIRECTORY [NAME…] writes NAME.svg for each screen, or those named. DOORWARD_SERVER_BIN and DOORWARD_BIN name
the two programs. The pictures in docs/pictures are made by this.
"""

import html
import json
import math
import os
import random
import re
import sqlite3
import sys
import time
import unicodedata
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Pane, Server  # noqa: E402

PEOPLE = [
    ("ada.lovelace@example.org", "Ada", "Lovelace"),
    ("grace.hopper@example.org", "Grace", "Hopper"),
    ("maria.garcia@example.org", "María", "García Fernández"),
    ("yuki.tanaka@example.org", "由紀", "田中"),
    ("olga.petrova@example.org", "Ольга", "Петрова"),
    ("dimitris.p@example.org", "Δημήτρης", "Παπαδόπουλος"),
    ("layla.haddad@example.org", "ليلى", "حداد"),
    ("noa.levi@example.org", "נועה", "לוי"),
    ("minjun.kim@example.org", "민준", "김"),
    ("a.very.long.name.that.goes.on@subsidiary.department.example.org", "Maximiliana-Theodora", "von Hohenzollern-Sigmaringen"),
]
PASSWORD = "correct horse battery 12"
CELL, LINE = 8.4, 18
FOREGROUND, BACKGROUND = "#d4d4d8", "#16181d"
BASIC = ["#3b4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d4d4d8"]


def colour(number):
    """A colour of the 256."""
    if number < 16:
        return BASIC[number % 8]
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    number -= 16
    level = [0, 95, 135, 175, 215, 255]
    return "#" + "".join(f"{level[step]:02x}" for step in (number // 36, number // 6 % 6, number % 6))


def style_after(style, codes):
    """What a sequence of SGR codes makes of a style: foreground, background, bold."""
    foreground, background, bold = style
    codes = [int(code or 0) for code in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            foreground, background, bold = None, None, False
        elif code == 1:
            bold = True
        elif code == 22:
            bold = False
        elif code in (38, 48):
            kind = codes.pop(0)
            value = colour(codes.pop(0)) if kind == 5 else "#{:02x}{:02x}{:02x}".format(*[codes.pop(0) for _ in range(3)])
            foreground, background = (value, background) if code == 38 else (foreground, value)
        elif 30 <= code <= 37:
            foreground = BASIC[code - 30]
        elif 90 <= code <= 97:
            foreground = BASIC[code - 90]
        elif 40 <= code <= 47:
            background = BASIC[code - 40]
        elif code == 39:
            foreground = None
        elif code == 49:
            background = None
    return foreground, background, bold


def block(character):
    """Where a block element fills its cell, as parts of it: left, top, width, height."""
    lower, left = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉"
    if character in lower:
        high = (lower.index(character) + 1) / 8
        return 0, 1 - high, 1, high
    if character in left:
        return 0, 0, (7 - left[::-1].index(character)) / 8, 1
    return None


def wide(character):
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def svg(screen, width, height, title):
    """The screen, cell by cell: blocks as rectangles, so that no font leaves gaps in a chart."""
    shapes, texts = [], []
    style = (None, None, False)
    for row, line in enumerate(screen.split("\n")[:height]):
        column, run, start = 0, "", 0
        y = 12 + row * LINE

        def put(run, start, style):
            if run.strip():
                x = 12 + start * CELL
                bold = ' font-weight="700"' if style[2] else ""
                length = sum(wide(c) for c in run if not unicodedata.combining(c)) * CELL
                texts.append(
                    f'<text x="{x:.1f}" y="{y + 13.5}" fill="{style[0] or FOREGROUND}"{bold} '
                    f'textLength="{length:.1f}" xml:space="preserve">{html.escape(run)}</text>'
                )

        for part in re.split(r"(\x1b\[[0-9;]*m)", line):
            sequence = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
            if sequence:
                put(run, start, style)
                run, start = "", column
                style = style_after(style, sequence.group(1))
                continue
            for character in part:
                cells = 0 if unicodedata.combining(character) else wide(character)
                x = 12 + column * CELL
                if style[1]:
                    shapes.append(f'<rect x="{x:.1f}" y="{y}" width="{cells * CELL + 0.4:.1f}" height="{LINE}" fill="{style[1]}"/>')
                found = block(character)
                if found:
                    put(run, start, style)
                    left, top, w, h = found
                    shapes.append(
                        f'<rect x="{x + left * CELL:.1f}" y="{y + top * LINE:.1f}" width="{w * CELL + 0.3:.1f}" '
                        f'height="{h * LINE + 0.3:.1f}" fill="{style[0] or FOREGROUND}"/>'
                    )
                    run, start = "", column + cells
                else:
                    if run and cells == 2:
                        put(run, start, style)
                        run, start = "", column
                    run += character
                    if cells == 2:
                        put(run, start, style)
                        run, start = "", column + cells
                column += cells
        put(run, start, style)
    w, h = 24 + width * CELL, 24 + height * LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:.0f} {h}" width="{w:.0f}" height="{h}" role="img" '
        f'aria-label="{html.escape(title)}" font-family="\'JetBrains Mono\',\'DejaVu Sans Mono\',Menlo,Consolas,monospace" '
        f'font-size="14"><rect width="100%" height="100%" rx="10" fill="{BACKGROUND}"/>' + "".join(shapes) + "".join(texts) + "</svg>\n"
    )


class Company(Server):
    """A server behind a proxy on this machine, so that people come from everywhere."""

    def start(self):
        with open(os.path.join(self.directory, "Rocket.toml"), "w", encoding="utf-8") as file:
            file.write('[default.doorward]\ntrusted_proxies = ["127.0.0.1/32"]\n')
        super().start()

    def command(self):
        return super().command() + " --theme dark"

    def call(self, method, path, body=None, key=None):
        try:
            return super().call(method, path, body, key)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.read().decode()}") from error

    def comes(self, path, body, ip, agent="Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST")
        for name, value in [("content-type", "application/json"), ("x-forwarded-for", ip), ("user-agent", agent)]:
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code

    def past(self):
        """Writes a day of minutes and a week of hours, as if the server had run."""
        self.process.terminate()
        self.process.wait()
        chance = random.Random(7)
        now = int(time.time())

        def happened(at, step):
            local = (at % 86_400) / 3_600
            busy = 0.25 + 0.75 * max(0.0, math.sin((local - 5) / 24 * 2 * math.pi)) + chance.random() * 0.2
            attack = 6 if 0 < now - at - 2_400 < 900 else 0
            per = step / 60
            logins = int(busy * 21 * per)
            failures = int((busy * 0.8 + attack * (0.6 + chance.random())) * per + chance.random())
            if step == 60 and 3_400 < now - at < 3_800:
                # Neither the hour that is drawn nor that of the events cuts them in two.
                failures = 0
            return (
                logins, failures, 0, int(busy * 55 * per), int(busy * 0.6 * per), int(busy * 900 * per),
                int(900 + 500 * busy), 1.1 + busy, 3.5 + 6 * busy + attack / 2 + chance.random() * 2,
            )

        database = sqlite3.connect(os.path.join(self.data, "doorward.db"))
        names = "time, logins, failures, registrations, tokens, refusals, requests, active_sessions, p50_ms, p95_ms"
        with database:
            for table, step, count in [("minutes", 60, 1_440), ("hours", 3_600, 24 * 8)]:
                base = now - now % step
                rows = [((base - back * step) * 1000, *happened(base - back * step, step)) for back in range(count)]
                # Beside what really happened in them.
                added = ", ".join(f"{name} = {name} + excluded.{name}" for name in ("logins", "failures", "tokens", "refusals", "requests"))
                added += ", p50_ms = excluded.p50_ms, p95_ms = excluded.p95_ms"
                database.executemany(
                    f"INSERT INTO {table} ({names}) VALUES ({','.join('?' * 10)}) ON CONFLICT (time) DO UPDATE SET {added}", rows
                )
                if table == "minutes":
                    self.failed(database, [(row[0], row[2]) for row in rows if now - row[0] / 1000 < 3_800])
        database.close()
        self.start()

    @staticmethod
    def failed(database, minutes):
        """The events of the failures that were counted: the two numbers stand on one screen."""
        people = [row[0] for row in database.execute("SELECT id FROM users ORDER BY id LIMIT 3")]
        rows = []
        for number, (at, failures) in enumerate(minutes):
            if failures:
                ip = f"203.0.113.{7 + number % 4}" if failures > 3 else f"192.0.2.{1 + number % 5}"
                when = at + 1_000
                event = when.to_bytes(6, "big") + number.to_bytes(10, "big")
                rows.append((event, when, people[number % len(people)], ip, failures))
        database.executemany(
            "INSERT INTO events (id, time, actor, action, user_id, ip, count) VALUES (?, ?, 'anonymous', 'login.failed', ?, ?, ?)", rows
        )

    def fill(self):
        for email, first, last in PEOPLE:
            self.call("POST", "/admin/users", {"email": email, "password": PASSWORD, "firstName": first, "lastName": last})
        root = {"email": "root@example.org", "password": PASSWORD, "role": "admin"}
        self.call("POST", "/admin/users", root)
        self.call("POST", "/admin/server/backup", {})
        shop = {
            "name": "Web shop", "redirectUris": ["https://shop.example.org/callback"],
            "grantTypes": ["authorization_code", "refresh_token"], "scopes": ["openid", "profile", "email", "offline_access"], "confidential": True,
        }
        made = self.call("POST", "/admin/clients", shop)
        self.call("POST", "/admin/clients", {**shop, "name": "Wiki", "redirectUris": ["https://wiki.example.org/auth"]})
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 4 * 86_400))
        self.call("POST", "/admin/apikeys", {"name": "nightly export", "scopes": ["read"], "expiresAt": soon})
        self.call("POST", "/admin/apikeys", {"name": "billing", "scopes": ["read", "write"]})
        for number, (email, _, _) in enumerate(PEOPLE):
            self.comes("/auth/login", {"email": email, "password": PASSWORD}, f"198.51.100.{number + 10}")
        for number in range(14):
            email = PEOPLE[number % 3][0]
            self.comes("/auth/login", {"email": email, "password": "guess 123456"}, f"203.0.113.{7 + number % 4}")
        for number in range(5):
            self.comes("/auth/login", {"email": PEOPLE[5][0], "password": "Guess 12345"}, f"192.0.2.{number + 1}")
        for _ in range(3):
            body = f"grant_type=authorization_code&client_id={made['clientId']}&client_secret=wrong&code=x"
            request = urllib.request.Request(self.url + "/oauth/token", body.encode(), method="POST")
            request.add_header("x-forwarded-for", "198.51.100.200")
            try:
                urllib.request.urlopen(request, timeout=10)
            except urllib.error.HTTPError:
                pass
        user = self.user("noa.levi@example.org")
        self.call("PATCH", f"/admin/users/{user}", {"disabled": True})
        self.call("PATCH", f"/admin/users/{self.user('grace.hopper@example.org')}", {"firstName": "Grace Brewster"})
        self.comes("/auth/login", {"email": PEOPLE[0][0], "password": PASSWORD}, "198.51.100.10")
        time.sleep(1.5)
        self.past()


SCREENS = {
    "dashboard": (140, 44, [], "live", "The dashboard: sign-ins of the last hour, what fails, events as they happen"),
    "dashboard-large": (200, 60, [], "live", "The dashboard on a large screen"),
    "dashboard-week": (120, 40, ["t", "t"], "Last 7 days", "The dashboard over a week"),
    "dashboard-small": (80, 24, [], "live", "The dashboard at 80 by 24"),
    "users": (120, 40, ["2", "Tab"], "Last login", "Users, with one of them beside the list"),
    "events": (120, 40, ["6"], "login.failed", "Events as they happen"),
    "user": (200, 50, [":", "user grace", "Enter"], "Timeline", "All about one user"),
}


def main():
    target, names = sys.argv[1], sys.argv[2:] or list(SCREENS)
    os.makedirs(target, exist_ok=True)
    with Company() as server:
        server.fill()
        for name in names:
            width, height, keys, word, title = SCREENS[name]
            with Pane(width, height) as pane:
                pane.start(server)
                time.sleep(2)
                for key in keys:
                    pane.keys(key)
                    time.sleep(0.8)
                pane.wait(word)
                time.sleep(1.5)
                screen = pane.tmux("capture-pane", "-e", "-p", "-N")
                with open(os.path.join(target, f"{name}.svg"), "w", encoding="utf-8") as file:
                    file.write(svg(screen, width, height, title))
                with open(os.path.join(target, f"{name}.txt"), "w", encoding="utf-8") as file:
                    file.write(pane.text())
                print(name)


if __name__ == "__main__":
    main()

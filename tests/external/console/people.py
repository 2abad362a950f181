#!/usr/bin/env python3
"""What operators do about people, in tmux against real servers, at 80 by 24 and at 200 by 60: the page about somebody with
their factors, whether the address is verified, links that can still be opened and mails; and each action there by its key,
with its command and its event. One server mails, the other has no mail server.

DOORWARD_SERVER_BIN and DOORWARD_BIN name the two programs. Names of walks as arguments run those. With DOORWARD_CAPTURES the
screens are kept in that folder, to be looked at.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import CONSOLE, Failure, Pane, Server, clean_environment, expect, until  # noqa: E402

SIZES = [(80, 24), (200, 60)]
PASSWORD = "correct horse battery 12"
ANOTHER = "another good battery 34"


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it takes; or, while it is `busy`, takes nothing."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self):
        self.mails, self.busy = [], False
        super().__init__(("127.0.0.1", 0), Talk)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def wait(self, to, word):
        """The newest mail to somebody in which a word stands."""
        def find():
            return [mail for mail in self.mails if f"To: {to}" in mail and word in mail]
        return until(find, 10, lambda: f"no mail to {to} with {word}: {self.mails}")[-1]


class Talk(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        self.say("220 localhost")
        for line in iter(self.rfile.readline, b""):
            word = line[:4].upper()
            if word == b"RCPT" and self.server.busy:
                self.say("451 come back later")
            elif word == b"DATA":
                self.say("354 go on")
                lines = list(iter(self.rfile.readline, b".\r\n"))
                text = b"".join(lines).decode().replace("=\r\n", "").replace("=3D", "=")
                self.server.mails.append(text)
                self.say("250 taken")
            elif word == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")


class Town(Server):
    """A server of a host name, so that there are passkeys; with a mailbox one that mails."""

    def __init__(self, mailbox=None):
        super().__init__()
        self.mailbox = mailbox
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.issuer = f"http://localhost:{self.port}"

    def start(self):
        lines = ["[default.doorward]", f'issuer = "{self.issuer}"', "argon2_memory_kib = 64", "argon2_iterations = 1"]
        if self.mailbox:
            lines += [f'mail_url = "{self.mailbox.url}"', 'mail_from = "id@example.com"']
        with open(os.path.join(self.directory, "Rocket.toml"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        super().start()

    def with_factors(self, email):
        """Somebody who signed up, with codes and a passkey."""
        access = self.call("POST", "/auth/register", {"email": email, "password": PASSWORD})["accessToken"]
        secret = self.call("POST", "/auth/mfa/totp", {"password": PASSWORD}, access)["secret"]
        self.call("POST", "/auth/mfa/totp/confirm", {"code": code(secret)}, access)
        options = self.call("POST", "/auth/passkeys/options", {"password": PASSWORD}, access)["publicKey"]
        credential = passkey(options, self.issuer)
        self.call("POST", "/auth/passkeys", {"name": "Key on the ring", "credential": credential}, access)
        return self.user(email)

    def events(self, person, action):
        found = self.call("GET", f"/admin/events?userId={person}&action={action}")
        return found["data"]

    def cli(self, *words):
        key = os.path.join(self.data, "operator.key")
        command = [CONSOLE, "--server", self.url, "--key-file", key, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=clean_environment())
        expect(done.returncode == 0, f"{words}: {done.stderr}")
        return done.stdout

    def signs_in(self, email, password):
        """Whether a password gets somebody in, or to their second factor."""
        try:
            self.login(email, password)
            return "in"
        except urllib.error.HTTPError as error:
            return json.loads(error.read())["error"]["code"]


def code(secret):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    tag = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = tag[19] & 15
    return f"{(struct.unpack('>I', tag[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def passkey(options, origin):
    """A new passkey, which nobody signs in with: its public key is the base point of P-256. Nothing is signed to make one."""
    def plain(data):
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    x = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
    y = bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    name = os.urandom(32)
    key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + x + b"\x22\x58\x20" + y
    data = hashlib.sha256(options["rp"]["id"].encode()).digest() + b"\x45\0\0\0\1" + bytes(16) + b"\0\x20" + name + key
    made = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58" + bytes([len(data)]) + data
    said = {"type": "webauthn.create", "challenge": options["challenge"], "origin": origin, "crossOrigin": False}
    response = {"clientDataJSON": plain(json.dumps(said).encode()), "attestationObject": plain(made)}
    return {"id": plain(name), "rawId": plain(name), "type": "public-key", "response": response}


def keep(pane, name):
    folder = os.environ.get("DOORWARD_CAPTURES")
    if folder:
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"people_{name}_{pane.width}x{pane.height}.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(pane.text())


def opens(pane, email):
    """All about somebody, on their page."""
    pane.type(f":user {email}")
    pane.keys("Enter")
    pane.wait(f"User · {email}")
    # Keys act once it is known who it is.
    pane.wait("State ")
    pane.wait("Id            user_")


def dialog(pane, word):
    """Waits for a dialog, and until it takes what confirms."""
    pane.wait(word)
    time.sleep(0.4)


def yes(pane, title):
    dialog(pane, title)
    pane.type("yes")
    pane.keys("Enter")


def shows(pane, *words):
    """Whether words come into sight on the panel with factors, links and mails, which may be longer than the screen."""
    missing = set(words)

    def seen():
        text = " ".join(re.sub(r"[│╭╰╮╯─]", " ", pane.text()).split())
        missing.difference_update({word for word in missing if word in text})
        if missing:
            pane.keys("j")
        return not missing

    pane.keys("r")
    until(seen, 8, lambda: f"{missing} not on the page:\n{pane.text()}")
    pane.keys("g")


def written(pane, name):
    """Takes the secret that is shown once into a file; answers what is in it."""
    path = os.path.join(pane.cwd, name)
    dialog(pane, "The one-time link")
    keep(pane, "link_made")
    expect("token=" not in pane.text(), "the link is on the screen unasked")
    pane.keys("w")
    pane.wait("File:")
    pane.keys("C-u")
    pane.type(path)
    pane.keys("Enter")
    pane.wait("written to")
    pane.keys("Escape")
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def loads(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def the_page_about_a_person_says_how_they_get_in(town, _):
    for width, height in SIZES:
        email = f"olga{width}@example.com"
        person = town.with_factors(email)
        town.mailbox.wait(email, "verify-email")
        town.call("POST", f"/admin/users/{person}/link", {"purpose": "reset"})
        with Pane(width, height) as pane:
            pane.start(town)
            opens(pane, email)
            shows(pane, "not verified", "authenticator app", "10 recovery codes left", "Key on the ring", "passkey since")
            shows(pane, "sign-up link", "mailed, until", "reset link", "shown, until", "mail sign-up", "sent")
            keep(pane, "page")
            pane.keys("?")
            pane.wait("Keys (esc")
            pane.type("link")
            pane.wait("a one-time link")
            keep(pane, "help")
            pane.keys("Escape", "Escape")
            pane.quit()


def a_link_is_made_and_shown_once(town, _):
    for width, height in SIZES:
        email = f"lea{width}@example.com"
        person = town.with_factors(email)
        with Pane(width, height, cwd=town.directory) as pane:
            pane.start(town)
            opens(pane, email)
            pane.keys("L")
            dialog(pane, f"A one-time link for {email}")
            pane.wait("shown once")
            keep(pane, "link_form")
            pane.keys("C-s")
            dialog(pane, "A link for")
            keep(pane, "link_question")
            yes(pane, "A link for")
            url = written(pane, f"lea{width}.link")
            expect(url.startswith(f"{town.issuer}/reset-password?token="), url)
            shows(pane, "reset link")
            keep(pane, "link_outstanding")
            # Whoever looks at it uses nothing up.
            expect(all('name="newPassword"' in loads(url) for _ in range(2)), "the link does not open")
            pane.keys("E")
            for words in ["users link", "--purpose reset", "users password", "users mfa remove"]:
                pane.wait(words)
            keep(pane, "link_twin")
            pane.keys("Escape")
            token = url.split("token=")[1]
            town.call("POST", "/auth/password/reset", {"token": token, "newPassword": ANOTHER})
            # Nobody had verified the address: what was set up before goes to nobody.
            expect(town.signs_in(email, ANOTHER) == "in", "whoever has the link does not get in")
            pane.keys("r")
            pane.gone("reset link")
            expect(town.events(person, "link.created"), "there is no event")
            pane.quit()
        made = town.cli("users", "link", email, "--yes", "-o", "json")
        expect("token=" in json.loads(made)["url"], made)


def a_link_is_mailed(town, _):
    for width, height in SIZES:
        email = f"mia{width}@example.com"
        town.with_factors(email)
        with Pane(width, height) as pane:
            pane.start(town)
            opens(pane, email)
            pane.keys("L")
            dialog(pane, "A one-time link for")
            pane.keys("Tab", "Tab", "Right")
            pane.wait("mailed to them")
            pane.keys("C-s")
            dialog(pane, f"It is mailed to {email}")
            keep(pane, "link_mailed_question")
            yes(pane, "A link for")
            pane.wait("the link is mailed")
            town.mailbox.wait(email, "reset-password?token=")
            shows(pane, "reset link", "mailed, until", "mail reset")
            keep(pane, "link_mailed")
            pane.quit()


def factors_are_removed_with_a_reason(town, _):
    for width, height in SIZES:
        email = f"fay{width}@example.com"
        person = town.with_factors(email)
        with Pane(width, height) as pane:
            pane.start(town)
            opens(pane, email)
            pane.keys("F")
            dialog(pane, "Remove the second factors of")
            keep(pane, "factors_question")
            yes(pane, "Remove the second factors of")
            pane.wait("enter a reason")
            expect(town.call("GET", f"/admin/users/{person}")["mfa"]["totp"], "they went without a reason")
            keep(pane, "factors_no_reason")
            pane.keys("Escape")
            pane.gone("Remove the second factors of")
            pane.keys("F")
            dialog(pane, "Remove the second factors of")
            pane.keys("Tab")
            pane.type("lost her phone, seen in person")
            pane.keys("Tab")
            yes(pane, "Remove the second factors of")
            pane.wait("the second factors are removed")
            pane.gone("authenticator app")
            keep(pane, "factors_removed")
            factors = town.call("GET", f"/admin/users/{person}").get("mfa")
            expect(not factors or not any(factors.values()), factors)
            expect(town.signs_in(email, PASSWORD) == "in", "the password alone does not sign in")
            events = json.dumps(town.events(person, "mfa.removed"))
            expect("seen in person" in events, events)
            pane.quit()
        # Once more by the command that the console names.
        town.cli("users", "mfa", "remove", email, "--reason", "again", "--yes")


def an_address_is_vouched_for_a_password_set_and_somebody_kept_out(town, _):
    for width, height in SIZES:
        email = f"kim{width}@example.com"
        person = town.with_factors(email)
        with Pane(width, height) as pane:
            pane.start(town)
            opens(pane, email)
            pane.keys("e")
            dialog(pane, "Address")
            for _ in range(12):
                if re.search(r"[>▸›] *Address", pane.text()):
                    break
                pane.keys("Tab")
                time.sleep(0.1)
            pane.keys("Right")
            keep(pane, "edit_form")
            pane.keys("C-s")
            dialog(pane, "address  verified")
            keep(pane, "edit_question")
            pane.keys("Tab", "Enter")
            until(lambda: town.call("GET", f"/admin/users/{person}")["emailVerified"], 5, lambda: f"not verified:\n{pane.text()}")
            # What is typed before the answer is there is dropped.
            until(lambda: re.search(r"Address +verified", pane.text()), 5, lambda: f"not shown as verified:\n{pane.text()}")
            pane.keys("p")
            dialog(pane, "Set the password of")
            pane.type(ANOTHER)
            pane.keys("Tab")
            pane.type(ANOTHER)
            expect(ANOTHER not in pane.text(), "the password is on the screen")
            keep(pane, "password_form")
            pane.keys("C-s")
            yes(pane, "All their sessions end")
            until(lambda: town.signs_in(email, ANOTHER) == "mfa_required", 5, lambda: f"no new password:\n{pane.text()}")
            pane.wait("password-changed")
            pane.keys("d")
            dialog(pane, "Disable")
            keep(pane, "disable_question")
            pane.keys("Tab", "Tab", "Enter")
            until(lambda: town.call("GET", f"/admin/users/{person}")["disabled"], 5, lambda: f"not disabled:\n{pane.text()}")
            pane.wait("disabled")
            pane.keys("u")
            dialog(pane, "Cancel")
            pane.keys("Tab", "Enter")
            until(lambda: not town.call("GET", f"/admin/users/{person}")["disabled"], 5, lambda: f"still disabled:\n{pane.text()}")
            pane.wait("active")
            for action in ["user.updated", "user.password_changed", "user.disabled", "user.enabled"]:
                expect(town.events(person, action), f"there is no event {action}")
            pane.keys("x")
            dialog(pane, "Delete")
            keep(pane, "delete_question")
            yes(pane, "Delete")
            until(lambda: town.status("GET", f"/admin/users/{person}") == 404, 5, lambda: f"still there:\n{pane.text()}")
            pane.quit()


def health_says_which_mail_is_stuck_and_why(town, _):
    town.mailbox.busy = True
    try:
        person = town.create_user("ida@example.com")["id"]
        town.call("POST", f"/admin/users/{person}/link", {"purpose": "invite", "send": True})
        for width, height in SIZES:
            with Pane(width, height) as pane:
                pane.start(town)
                pane.keys("7")
                pane.wait("1 mail waits")
                pane.wait("451")
                keep(pane, "health")
                opens(pane, "ida@example.com")
                shows(pane, "mail invite", "waits since")
                keep(pane, "page_of_stuck_mail")
                pane.quit()
    finally:
        town.mailbox.busy = False


def somebody_is_invited_by_a_link_where_no_mail_is_sent(_, village):
    for width, height in SIZES:
        email = f"ivo{width}@example.com"
        with Pane(width, height, cwd=village.directory) as pane:
            pane.start(village)
            pane.keys("2", "n")
            dialog(pane, "Email")
            pane.type(email)
            keep(pane, "new_person")
            pane.keys("C-s")
            pane.wait(email)
            until(lambda: village.call("GET", f"/admin/users?email={email}")["data"], 5, lambda: f"not made:\n{pane.text()}")
            pane.keys("Escape")
            opens(pane, email)
            pane.keys("L")
            dialog(pane, "A one-time link for")
            pane.wait("invite")
            expect("shown once" not in pane.text(), "a mail is offered")
            keep(pane, "invite_form")
            pane.keys("C-s")
            yes(pane, "A link for")
            url = written(pane, f"ivo{width}.link")
            expect('name="firstName"' in loads(url), "the page does not ask for a name")
            shows(pane, "invite link", "shown")
            keep(pane, "invited")
            token = url.split("token=")[1]
            village.call("POST", "/auth/password/reset", {"token": token, "newPassword": PASSWORD})
            expect(village.signs_in(email, PASSWORD) == "in", "they do not get in")
            pane.quit()


WALKS = [
    the_page_about_a_person_says_how_they_get_in,
    a_link_is_made_and_shown_once,
    a_link_is_mailed,
    factors_are_removed_with_a_reason,
    an_address_is_vouched_for_a_password_set_and_somebody_kept_out,
    health_says_which_mail_is_stuck_and_why,
    somebody_is_invited_by_a_link_where_no_mail_is_sent,
]


def main():
    chosen = sys.argv[1:]
    failed = 0
    with Mailbox() as mailbox, Town(mailbox) as town, Town() as village:
        for walk in WALKS:
            if chosen and walk.__name__ not in chosen:
                continue
            try:
                walk(town, village)
                print(f"ok      {walk.__name__}")
            except Failure as failure:
                failed += 1
                print(f"FAILED  {walk.__name__}: {failure}")
        mailbox.shutdown()
    print(f"{len(chosen or WALKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

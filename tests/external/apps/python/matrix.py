"""A client of a Matrix homeserver: signs in with the login token that single sign-on ends with, or with a password."""

import re
from urllib.parse import quote

import requests


class Matrix:
    def __init__(self, base, **login):
        self.base = base
        told = self.call("POST", "/_matrix/client/v3/login", login)
        self.headers, self.user = {"Authorization": f"Bearer {told['access_token']}"}, told["user_id"]

    headers = {}

    @classmethod
    def with_page(cls, base, page):
        """From the homeserver's page that asks whether the client may go on."""
        return cls(base, type="m.login.token", token=re.search(r"[?&]loginToken=([\w.~-]+)", page.text)[1])

    @classmethod
    def with_password(cls, base, user, password):
        return cls(base, type="m.login.password", identifier={"type": "m.id.user", "user": user}, password=password)

    def ask(self, method, path, body=None):
        return requests.request(method, self.base + path, json=body, headers=self.headers, timeout=60)

    def call(self, method, path, body=None):
        answer = self.ask(method, path, body)
        assert answer.ok, (path, answer.status_code, answer.text)
        return answer.json()

    def emails(self):
        return [one["address"] for one in self.call("GET", "/_matrix/client/v3/account/3pid")["threepids"]]

    def name(self):
        return self.call("GET", f"/_matrix/client/v3/profile/{quote(self.user)}").get("displayname")

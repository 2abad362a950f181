"""What a one-time code adds to a sign-in: processor time of the server, with a password hash that costs nothing."""

import base64
import hashlib
import hmac
import struct
import time

from server import Server, post

COUNT = 1000
PASSWORD = "correct horse battery"
OFF = [
    "password_checks_per_minute_per_ip",
    "password_failures_per_account_and_ip",
    "password_failures_per_account",
    "registrations_per_hour_per_ip",
    "writes_per_minute_per_account",
]


def code(secret, ahead):
    """RFC 6238, so many steps from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + ahead), hashlib.sha1).digest()
    at = digest[19] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


settings = dict.fromkeys(OFF, 0) | {"argon2_memory_kib": 64, "argon2_iterations": 1, "signing_algorithm": "EdDSA"}
with Server(**settings) as server:
    connection = server.connect()

    def each(people, work):
        """Processor time of one, in microseconds."""
        begun = server.cpu()
        for person in people:
            work(*person)
        return (server.cpu() - begun) / len(people) * 1e6

    def sign_in(login, _):
        return post(connection, "/auth/login", login)

    def with_code(login, secret):
        waits = post(connection, "/auth/login", login, want=(401,))
        post(connection, "/auth/mfa", {"mfaToken": waits["mfaToken"], "code": code(secret, 1)})

    logins = [{"email": f"p{n}@example.com", "password": PASSWORD} for n in range(COUNT)]
    tokens = [post(connection, "/auth/register", login)["accessToken"] for login in logins]
    plain = each([(login, None) for login in logins], sign_in)
    people = []
    for login, token in zip(logins, tokens):
        secret = post(connection, "/auth/mfa/totp", {"password": PASSWORD}, token)["secret"]
        post(connection, "/auth/mfa/totp/confirm", {"code": code(secret, -1)}, token)
        people.append((login, secret))
    refused = each([(login | {"password": "wrong"}, None) for login in logins[:200]], lambda login, _: post(connection, "/auth/login", login, want=(401,)))
    both = each(people, with_code)
    print(f"factor: a sign-in {plain:.0f} µs, in two calls with a code {both:.0f} µs, {both - plain:.0f} µs more; a call that is refused for its password alone takes {refused:.0f} µs")

"""What docs/deploy/proxies.md says of nginx and Caddy, tried: its snippets are taken from the page, with ports and
certificates of this check put in, and a real server stands behind them."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlencode

PAGE = Path(__file__).resolve().parents[3] / "docs/deploy/proxies.md"
HOST = "id.example.org"
PASSED, FAILED = [], []


def check(what, right, seen=""):
    (PASSED if right else FAILED).append(what)
    if not right:
        print(f"FAILED: {what}: {seen}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, ready, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    sys.exit(f"{what} did not happen")


def snippet(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S).group(1)


class Running:
    """A program that ends with the check."""

    def __init__(self, command, log, env=None):
        self.log = log
        self.process = subprocess.Popen(command, stdout=log.open("w"), stderr=subprocess.STDOUT, env=env)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Server(Running):
    """doorward-server, with the two settings that the page asks for."""

    def __init__(self, home, public_port):
        env = {k: v for k, v in os.environ.items() if not k.startswith("DOORWARD_")}
        env |= {
            "DOORWARD_ISSUER": f"https://{HOST}:{public_port}",
            "DOORWARD_TRUSTED_PROXIES": '["127.0.0.1/32"]',
            "DOORWARD_ARGON2_MEMORY_KIB": "64",
            "DOORWARD_ARGON2_ITERATIONS": "1",
        }
        self.home = home
        command = [os.environ["DOORWARD_SERVER_BIN"], "--port", "0", "--data-dir", str(home / "data")]
        super().__init__(command, home / "server.log", env)
        line = until("the server's start", lambda: re.search(r"listening on http://127.0.0.1:(\d+)", self.log.read_text()))
        self.port = int(line.group(1))
        self.key = (home / "data/operator.key").read_text().strip()


class Proxy:
    """The way in from outside: TLS, from a chosen local address."""

    def __init__(self, port, certificate):
        self.port = port
        self.tls = ssl.create_default_context(cafile=str(certificate))

    def connect(self, source="127.0.0.1"):
        raw = socket.create_connection(("127.0.0.1", self.port), 20, (source, 0))
        return self.tls.wrap_socket(raw, server_hostname=HOST)

    def call(self, method, path, body=None, headers=None, source="127.0.0.1"):
        """`path` goes out as it is; answers status, head, body."""
        connection = http.client.HTTPConnection(HOST, self.port)
        connection.sock = self.connect(source)
        try:
            connection.request(method, path, body, {"Host": f"{HOST}:{self.port}", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode(errors="replace")
        finally:
            connection.close()


def tells_metrics(answer):
    return answer[0] == 200 and "# TYPE" in answer[2]


def closed_metrics(name, proxy, server):
    direct = http.client.HTTPConnection("127.0.0.1", server.port)
    direct.request("GET", "/metrics")
    check(f"{name}: the port itself tells metrics", b"# TYPE" in direct.getresponse().read())
    spellings = [
        "/metrics", "//metrics", "/%6detrics", "/%6Detrics", "/metrics?x=1", "/metrics/", "/metrics//", "/./metrics",
        "/x/../metrics", "/%2fmetrics", "/%2e/metrics", "/metrics%2f", "/metrics;x", "/METRICS", "/metrics%00",
    ]
    for path in spellings:
        answer = proxy.call("GET", path)
        check(f"{name}: {path} is closed", not tells_metrics(answer), answer[0])
    check(f"{name}: /metrics is 404", proxy.call("GET", "/metrics")[0] == 404)


def addresses(name, proxy, server):
    for number, source in enumerate(["127.0.0.1", "127.0.0.7"]):
        body = json.dumps({"email": f"{name}{number}@example.com", "password": "correct horse battery"})
        headers = {"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9",
                   "Forwarded": "for=203.0.113.9"}
        status, _, text = proxy.call("POST", "/auth/register", body, headers, source)
        check(f"{name}: somebody signs up", status == 201, text)
        bearer = {"Authorization": f"Bearer {server.key}"}
        query = urlencode({"action": "user.registered", "userId": json.loads(text)["userId"]})
        events = json.loads(proxy.call("GET", f"/admin/events?{query}", headers=bearer)[2])
        seen = events["data"][0]["ip"]
        check(f"{name}: the address is the client's, whatever it claims", seen == source, seen)


def streams(name, proxy, server):
    connection = proxy.connect()
    head = f"GET /admin/events/stream HTTP/1.1\r\nHost: {HOST}:{proxy.port}\r\nAuthorization: Bearer {server.key}\r\n\r\n"
    connection.sendall(head.encode())
    connection.settimeout(5)
    seen = b""

    def arrives(what):
        nonlocal seen
        end = time.monotonic() + 5
        while what not in seen and time.monotonic() < end:
            try:
                seen += connection.recv(65536)
            except TimeoutError:
                break
        return what in seen

    check(f"{name}: a stream says at once that it is there", arrives(b": events") or arrives(b":events"), seen)
    body = json.dumps({"email": f"{name}-stream@example.com", "password": "correct horse battery"})
    proxy.call("POST", "/auth/register", body, {"Content-Type": "application/json"})
    started = time.monotonic()
    came = arrives(b"user.registered")
    check(f"{name}: an event comes as it happens", came and time.monotonic() - started < 2, seen[-300:])
    connection.close()


def long_heads(name, proxy, server):
    bearer = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    client = {"name": "app", "redirectUris": ["https://app.example/cb"], "grantTypes": ["authorization_code"],
              "scopes": ["openid"], "confidential": False}
    made = json.loads(proxy.call("POST", "/admin/clients", json.dumps(client), bearer)[2])
    for length in (2600, 6000):
        query = {"client_id": made["id"], "redirect_uri": "https://app.example/cb", "response_type": "code",
                 "scope": "openid", "state": "s" * length}
        status, _, _ = proxy.call("GET", f"/oauth/authorize?{urlencode(query)}")
        check(f"{name}: an error goes to the client with a state of {length}", status in (302, 303), status)
        challenge = {**query, "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
        status, _, text = proxy.call("GET", f"/oauth/authorize?{urlencode(challenge)}")
        check(f"{name}: sign-in is asked for with a state of {length}", status == 200 and "<form" in text, status)


def bounds(name, proxy):
    big = {"Content-Type": "application/json"}
    status = proxy.call("POST", "/auth/login", "x" * 70_000, big)[0]
    # Caddy before 2.7 takes the body that it does not read on for a fault of what stands behind it.
    too_large = (413, 502) if name == "caddy" else (413,)
    check(f"{name}: a body of 70,000 bytes is 413", status in too_large, status)
    status = proxy.call("POST", "/auth/login", " " * 65_000 + "{}", big)[0]
    check(f"{name}: a body within Doorward's limit gets to it", status == 400, status)
    try:
        status = proxy.call("GET", "/", headers={"X-Long": "x" * 100_000})[0]
    except (OSError, http.client.HTTPException):
        status = 431
    check(f"{name}: a head of 100,000 bytes goes no further", status in (400, 414, 431), status)
    # Two connections wait at the same time: a head, and a body, of which the end does not come.
    head = proxy.connect()
    head.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode())
    body = proxy.connect()
    body.sendall(f"POST /auth/login HTTP/1.1\r\nHost: {HOST}:{proxy.port}\r\nContent-Type: application/json\r\n"
                 "Content-Length: 100\r\n\r\n{".encode())
    for what, connection in (("head", head), ("body", body)):
        connection.settimeout(25)
        started = time.monotonic()
        try:
            while connection.recv(65536):
                pass
            ended = True
        except TimeoutError:
            ended = False
        except OSError:
            ended = True
        check(f"{name}: a {what} of which the end does not come is closed", ended, time.monotonic() - started)


def all_checks(name, proxy, server):
    status, _, text = proxy.call("GET", "/.well-known/openid-configuration")
    check(f"{name}: discovery over TLS names the issuer", status == 200 and json.loads(text)["issuer"] == f"https://{HOST}:{proxy.port}", text)
    signed_in(name, proxy)
    closed_metrics(name, proxy, server)
    addresses(name, proxy, server)
    streams(name, proxy, server)
    long_heads(name, proxy, server)
    bounds(name, proxy)


def signed_in(name, proxy):
    """A form goes through: its origin is the issuer's, and its cookie is one for TLS."""
    body = json.dumps({"email": f"{name}@example.com", "password": "correct horse battery"})
    proxy.call("POST", "/auth/register", body, {"Content-Type": "application/json"})
    _, head, text = proxy.call("GET", "/sign-in")
    cookie = head["set-cookie"] or ""
    check(f"{name}: the cookie is Secure and of this host", cookie.startswith("__Host-") and "Secure" in cookie, cookie)
    token = re.search(r'name="csrf_token" value="([^"]+)"', text).group(1)
    form = urlencode({"csrf_token": token, "email": f"{name}@example.com", "password": "correct horse battery"}, quote_via=quote)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie.split(";")[0],
               "Origin": f"https://{HOST}:{proxy.port}", "Sec-Fetch-Site": "same-origin"}
    status, head, _ = proxy.call("POST", "/sign-in", form, headers)
    check(f"{name}: a person signs in", status == 303 and head["location"].endswith("/account"), (status, head["location"]))


def with_nginx(work, certificate, key, text, name):
    home = work / name
    home.mkdir()
    port = free_port()
    server = Server(home, port)
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    text = re.sub(r"(ssl_certificate\s+)\S+;", rf"\g<1>{certificate};", text)
    text = re.sub(r"(ssl_certificate_key\s+)\S+;", rf"\g<1>{key};", text)
    paths = "\n".join(f"    {kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = home / "nginx.conf"
    config.write_text(f"daemon off;\nmaster_process off;\npid {home}/pid;\nerror_log {home}/error.log;\nevents {{}}\nhttp {{\n    access_log off;\n{paths}\n{text}\n}}\n")
    tried = subprocess.run(["nginx", "-t", "-c", str(config)], capture_output=True, text=True)
    check(f"{name} reads the snippet without a complaint", tried.returncode == 0 and "[warn]" not in tried.stderr, tried.stderr)
    proxy = Running(["nginx", "-c", str(config)], home / "nginx.log")
    return server, proxy, port


def with_caddy(work, certificate, key):
    home = work / "caddy"
    home.mkdir()
    port = free_port()
    server = Server(home, port)
    text = snippet("caddy").replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    # The page's own global options, and what keeps this one to itself: no authority is asked for a certificate.
    text = text.replace("{\n", f"{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {home}/storage\n", 1)
    text = text.replace(f"{HOST} {{", f"https://{HOST}:{port} {{\n\ttls {certificate} {key}\n\tbind 127.0.0.1", 1)
    config = home / "Caddyfile"
    config.write_text(text)
    env = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    proxy = Running(["caddy", "run", "--adapter", "caddyfile", "--config", str(config)], home / "caddy.log", env)
    return server, proxy, port


def ready(port, proxy):
    def connects():
        if proxy.process.poll() is not None:
            sys.exit(f"the proxy ended: {proxy.log.read_text()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    until("the proxy's start", connects)


def main():
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        certificate, key = work / "certificate.pem", work / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(key), "-out", str(certificate)],
            check=True, capture_output=True)
        started = []
        try:
            server, proxy, port = with_nginx(work, certificate, key, snippet("nginx"), "nginx")
            started += [proxy, server]
            ready(port, proxy)
            all_checks("nginx", Proxy(port, certificate), server)
            # Answers fit what nginx has room for by itself, too, where the client's own words are not long.
            plain = re.sub(r"\n +proxy_buffer(_size|s) [^\n]*", "", snippet("nginx"))
            server, proxy, port = with_nginx(work, certificate, key, plain, "nginx-defaults")
            started += [proxy, server]
            ready(port, proxy)
            signed_in("nginx-defaults", Proxy(port, certificate))
            small_heads(Proxy(port, certificate), server)
            server, proxy, port = with_caddy(work, certificate, key)
            started += [proxy, server]
            ready(port, proxy)
            all_checks("caddy", Proxy(port, certificate), server)
        finally:
            for program in started:
                program.end()
    print(f"{len(PASSED)} passed, {len(FAILED)} failed")
    sys.exit(1 if FAILED else 0)


def small_heads(proxy, server):
    """A state of 2,600 characters is carried by pages, not by the head of an answer."""
    bearer = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    client = {"name": "app", "redirectUris": ["https://app.example/cb"], "grantTypes": ["authorization_code"],
              "scopes": ["openid"], "confidential": False}
    made = json.loads(proxy.call("POST", "/admin/clients", json.dumps(client), bearer)[2])
    query = {"client_id": made["id"], "redirect_uri": "https://app.example/cb", "response_type": "code", "scope": "openid",
             "state": "s" * 2600, "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    status, head, _ = proxy.call("GET", f"/oauth/authorize?{urlencode(query)}")
    size = sum(len(name) + len(value) + 4 for name, value in head.items())
    check("nginx-defaults: sign-in with a state of 2,600 characters is no 502", status == 200 and size < 4096, (status, size))


main()

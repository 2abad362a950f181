"""What docs/deploy/proxies.md and docs/deploy/forward-auth.md say of nginx and Caddy, tried: their snippets are taken from
the pages, with ports and certificates of this check put in, and a real server stands behind them."""

import html
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
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlencode, urljoin, urlsplit

PAGE = Path(__file__).resolve().parents[3] / "docs/deploy/proxies.md"
FORWARD = PAGE.with_name("forward-auth.md")
HOST = "id.example.org"
# The host that forward authentication protects.
WIKI = "wiki.example.com"
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


def snippet(language, page=PAGE):
    return re.search(rf"```{language}\n(.*?)```", page.read_text(), re.S).group(1)


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
            "DOORWARD_FORWARD_AUTH_HOSTS": f'["{WIKI}"]',
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


class Behind(BaseHTTPRequestHandler):
    """The protected application: answers the headers that came."""

    def do_GET(self):
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Browser:
    """Two hosts behind one proxy, each with its own cookies."""

    def __init__(self, port, certificate):
        self.port, self.jars = port, {HOST: {}, WIKI: {}}
        self.tls = ssl.create_default_context(cafile=str(certificate))

    def call(self, host, path, body=None, headers=None):
        raw = socket.create_connection(("127.0.0.1", self.port), 20)
        connection = http.client.HTTPConnection(host, self.port)
        connection.sock = self.tls.wrap_socket(raw, server_hostname=host)
        jar = self.jars[host]
        sent = {"Host": f"{host}:{self.port}", **(headers or {})}
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if body is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}:{self.port}", "Sec-Fetch-Site": "same-origin"}
        try:
            connection.request("GET" if body is None else "POST", path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            connection.close()
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            jar[name] = value
        return answer.status, answer.headers, text

    def go(self, host, path, email, headers=None):
        """Follows redirects, pages that go on by themselves, and the sign-in form."""
        body, trail = None, []
        for _ in range(12):
            status, head, text = self.call(host, path, body, headers)
            trail.append((status, host, path))
            onward = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', text)
            to = head["location"] if status in (302, 303) else onward and html.unescape(onward.group(1))
            if to:
                parts = urlsplit(urljoin(f"https://{host}:{self.port}{path}", to))
                host, path, body = parts.hostname, parts.path + (f"?{parts.query}" if parts.query else ""), None
                if host not in self.jars:
                    break
                continue
            if 'name="password"' not in text or body is not None:
                break
            fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', text.split("<form", 1)[1].split("</form", 1)[0]))
            fields = {name: html.unescape(value) for name, value in fields.items()}
            body = urlencode({**fields, "email": email, "password": "correct horse battery"})
            path = urlsplit(html.unescape(re.search(r'<form[^>]* action="([^"]+)"', text).group(1))).path
        return status, text, trail


def forward_auth(name, port, certificate, server):
    def admin(method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request(method, path, json.dumps(body), {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())

    for email, permissions in ((f"{name}-may@example.com", ["wiki"]), (f"{name}-not@example.com", [])):
        admin("POST", "/admin/users", {"email": email, "password": "correct horse battery", "permissions": permissions, "groups": ["staff"]})
    forged = {"X-Auth-Subject": "evil", "X-Auth-Email": "boss@example.com", "X-Auth-Groups": "admins", "X-Auth-Scope": "admin",
              "X-Original-URL": f"https://{HOST}/", "X-Forwarded-Host": HOST}
    status, text, trail = Browser(port, certificate).go(WIKI, "/page?a=b", f"{name}-may@example.com", forged)
    told = json.loads(text) if status == 200 and text.startswith("{") else {}
    check(f"{name}: a person signs in and comes back to the protected page", status == 200 and trail[-1][2].startswith("/page?a=b"), (trail, text[:300]))
    check(f"{name}: the application is told who they are", told.get("x-auth-email") == f"{name}-may@example.com" and told.get("x-auth-groups") == "staff", told)
    check(f"{name}: and nothing of what the browser claimed", told.get("x-auth-subject", "").startswith("user_") and told.get("x-auth-scope") != "admin", told)
    status, text, trail = Browser(port, certificate).go(WIKI, "/", f"{name}-not@example.com")
    check(f"{name}: without the scope nobody passes", status == 403, (status, trail))
    key = admin("POST", "/admin/apikeys", {"name": "k", "scopes": ["wiki"]})["key"]
    status, _, text = Browser(port, certificate).call(WIKI, "/api", headers={"Authorization": f"Bearer {key}", **forged})
    told = json.loads(text) if status == 200 else {}
    # The operator's key has no person: what is empty is not what the program claimed.
    claimed = [value for value in told.values() if value in ("evil", "boss@example.com", "admins")]
    check(f"{name}: a program passes with an API key, and what it claims is gone", status == 200 and not claimed, (status, told))
    status, _, _ = Browser(port, certificate).call(WIKI, "/api", headers={"Authorization": "Bearer sk_live_x"})
    check(f"{name}: a wrong key does not pass", status in (302, 401), status)
    for address, passes in (("203.0.113.9", False), ("127.0.0.1", True)):
        key = admin("POST", "/admin/apikeys", {"name": "k", "scopes": ["wiki"], "allowedIps": [address]})["key"]
        headers = {"Authorization": f"Bearer {key}", "X-Forwarded-For": "203.0.113.9"}
        status, _, _ = Browser(port, certificate).call(WIKI, "/api", headers=headers)
        check(f"{name}: a key that is bound to {address} is judged by the client's address, whatever it claims", (status == 200) == passes, status)


def with_forward_nginx(work, certificate, key, behind):
    home = work / "forward-nginx"
    home.mkdir()
    port = free_port()
    server = Server(home, port)
    text = snippet("nginx") + snippet("nginx", FORWARD).replace(f"server_name {WIKI};", f"listen 443 ssl;\n  server_name {WIKI};\n  ssl_certificate x;\n  ssl_certificate_key x;", 1)
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    text = text.replace("127.0.0.1:8080", f"127.0.0.1:{behind}").replace(f"https://{WIKI}$request_uri", f"https://{WIKI}:{port}$request_uri")
    text = re.sub(r"(ssl_certificate\s+)\S+;", rf"\g<1>{certificate};", text)
    text = re.sub(r"(ssl_certificate_key\s+)\S+;", rf"\g<1>{key};", text)
    paths = "\n".join(f"    {kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config = home / "nginx.conf"
    config.write_text(f"daemon off;\nmaster_process off;\npid {home}/pid;\nerror_log {home}/error.log;\nevents {{}}\nhttp {{\n    access_log off;\n{paths}\n{text}\n}}\n")
    return server, Running(["nginx", "-c", str(config)], home / "nginx.log"), port


def with_forward_caddy(work, certificate, key, behind):
    home = work / "forward-caddy"
    home.mkdir()
    port = free_port()
    server = Server(home, port)
    text = snippet("caddy") + snippet("caddy", FORWARD).replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    text = text.replace("{\n", f"{{\n\tadmin off\n\tauto_https off\n\tstorage file_system {home}/storage\n", 1)
    for host in (HOST, WIKI):
        text = text.replace(f"{host} {{", f"https://{host}:{port} {{\n\ttls {certificate} {key}\n\tbind 127.0.0.1", 1)
    config = home / "Caddyfile"
    config.write_text(text)
    env = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    return server, Running(["caddy", "run", "--adapter", "caddyfile", "--config", str(config)], home / "caddy.log", env), port


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
             "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST},DNS:{WIKI}", "-keyout", str(key), "-out", str(certificate)],
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
            behind = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
            threading.Thread(target=behind.serve_forever, daemon=True).start()
            for name, start in (("forward-nginx", with_forward_nginx), ("forward-caddy", with_forward_caddy)):
                server, proxy, port = start(work, certificate, key, behind.server_port)
                started += [proxy, server]
                ready(port, proxy)
                forward_auth(name, port, certificate, server)
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

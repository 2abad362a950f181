"""Starts each program with its own settings, and has two people sign in to it: Ada, whose address is verified and who is in
the group "staff", and a stranger, who signed up with the address of the program's administrator."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path

import requests
from browser import Browser, LoopbackCookies
from matrix import Matrix

ISSUER, WORK, CONSOLE = os.environ["ISSUER"], Path(os.environ["WORK"]), os.environ["CONSOLE"]
HERE = Path(__file__).resolve().parent
PASSWORD = "correct horse battery"
PASSED, FAILED = [], []
ONLY = os.environ.get("APPS", "")


def doorward(*words, given=None):
    """The CLI, with the arguments that docs/connect shows."""
    command = [CONSOLE, *words, "--server", ISSUER, "--key-file", os.environ["OPERATOR_KEY_FILE"], "-o", "json", "--yes"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def people():
    """An employee, whom an operator made, and somebody who signed up with an address that is not theirs."""
    ada = doorward("users", "create", "--email", "ada@example.com", "--first-name", "Ada", "--last-name", "Lovelace",
                   "--group", "staff", "--password-stdin", given=PASSWORD)
    body = {"email": "boss@example.com", "password": PASSWORD, "firstName": "Not", "lastName": "Boss"}
    requests.post(f"{ISSUER}/auth/register", json=body).raise_for_status()
    return ada


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    """A program that runs while it is checked. `callback` is the redirect URI of its documentation."""

    def __init__(self, name, command, callback, told, preset="web", register=(), env=None, starts=True, stdin=None):
        self.name, self.told, self.port = name, told, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.home = WORK / re.sub(r"\W+", "-", name)
        self.home.mkdir(parents=True)
        words = ["clients", "register", "--name", name, "--preset", preset, *register]
        if callback:
            words += ["--redirect-uri", self.base + callback]
        self.client = doorward(*words)
        self.env = {
            **os.environ,
            "CLIENT_ID": self.client["clientId"],
            "CLIENT_SECRET": self.client.get("clientSecret") or "",
            "BASE": self.base,
            "PORT": str(self.port),
            "LISTEN": f"127.0.0.1:{self.port}",
            "HOME_OF_APP": str(self.home),
            # Authlib, oauthlib: the provider is at 127.0.0.1 here.
            "AUTHLIB_INSECURE_TRANSPORT": "1",
            **{key: value.replace("BASE", self.base) for key, value in (env or {}).items()},
        }
        self.command, self.stdin, self.waits = command, stdin, starts

    def __enter__(self):
        command = self.command(self) if callable(self.command) else self.command
        self.log = (self.home / "log").open("w+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, env=self.env, cwd=self.home)
        end = time.monotonic() + 90
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{self.name} does not start: {self.tail()}")
            time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def tail(self):
        return (self.home / "log").read_text()[-3000:]


def record(name, work):
    try:
        work()
        PASSED.append(name)
        print(f"ok {name}")
    except Exception:
        FAILED.append(name)
        print(f"FAILED {name}")
        traceback.print_exc(file=sys.stdout)


def signs_in(program, sign_in, me, knows_groups=True):
    """`sign_in(browser, base)` goes the way of a person; `me(browser, base, page)` is what the program knows of them."""
    print(f"-- {program.name}: set were {program.told}")

    def known(email):
        browser = Browser(ISSUER, email, PASSWORD)
        page = sign_in(browser, program.base)
        try:
            return me(browser, program.base, page)
        except Exception as error:
            raise AssertionError(f"{page.status_code} {page.url}: {page.text[:600]}\n{program.tail()}") from error

    def employee():
        about = known("ada@example.com")
        assert about.get("name") == "Ada Lovelace", (about, program.tail())
        assert about.get("email") == "ada@example.com", (about, program.tail())
        assert not knows_groups or about.get("groups") == ["staff"], about
        assert not about.get("superuser"), about

    def stranger():
        about = known("boss@example.com")
        assert not about.get("superuser") and about.get("email") != "boss@example.com", about
        assert "staff" not in (about.get("groups") or []), about

    record(f"{program.name} signs a person in with {'name, email and groups' if knows_groups else 'name and email'}", employee)
    record(f"{program.name}: a stranger with the administrator's address is not the administrator", stranger)


def of_me(path="/me"):
    return lambda browser, base, page: browser.json(base + path)


def of_page(browser, base, page):
    return page.json()


def go_to(path):
    return lambda browser, base: browser.go(base + path)


def go_app(_):
    with Program("Go x-oauth2 with go-oidc", [str(WORK / "go-app")], "/auth/callback",
                 "issuer, ClientID, ClientSecret, RedirectURL, Scopes") as program:
        signs_in(program, go_to("/"), of_page)


def mistyped(program, callback):
    """Somebody mistypes the redirect URI, and reads why nobody gets in."""
    client, right, wrong = program.client["clientId"], program.base + callback, program.base + callback[:-1]

    def told():
        doorward("clients", "update", client, "--redirect-uri", wrong)
        page = Browser(ISSUER, "ada@example.com", PASSWORD).go(program.base + "/")
        assert page.status_code == 400 and page.url.startswith(ISSUER), page.url
        end = time.monotonic() + 30
        while not (events := doorward("events", "list", "--action", "client.refused", "--target", client)["data"]):
            assert time.monotonic() < end, "no event"
            time.sleep(0.1)
        assert events[0]["sent"] == {"parameter": "redirect_uri", "value": right, "allowed": [wrong]}, events
        doorward("clients", "update", client, "--redirect-uri", right)

    record(f"{program.name}: a redirect URI that is mistyped is told beside the one that came", told)


APACHE = """ServerName 127.0.0.1
Listen {listen}
PidFile {home}/pid
ErrorLog {home}/error.log
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule auth_openidc_module /usr/lib/apache2/modules/mod_auth_openidc.so
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {id}
OIDCClientSecret {secret}
OIDCRedirectURI {base}/oidc/callback
OIDCCryptoPassphrase a-passphrase-of-the-check
OIDCScope "openid profile email groups"
OIDCRemoteUserClaim email
<Location />
    AuthType openid-connect
    Require claim groups:staff
    ProxyPass http://127.0.0.1:{behind}/
</Location>
"""


def apache(_):
    behind = free_port()
    echo = subprocess.Popen([sys.executable, str(HERE / "echo.py"), str(behind)])

    def command(program):
        config = program.home / "apache.conf"
        config.write_text(APACHE.format(listen=program.env["LISTEN"], home=program.home, issuer=ISSUER, base=program.base,
                                        id=program.client["clientId"], secret=program.client["clientSecret"], behind=behind))
        return ["/usr/sbin/apache2", "-f", str(config), "-D", "FOREGROUND"]

    def me(browser, base, page):
        if "json" not in page.headers.get("content-type", ""):
            # Its own page that says no.
            return {}
        told = page.json()
        return {"name": told.get("oidc_claim_name"), "email": told.get("oidc_claim_email"),
                "groups": [one for one in (told.get("oidc_claim_groups") or "").split(",") if one]}

    try:
        with Program("Apache mod_auth_openidc", command, "/oidc/callback",
                     "OIDCProviderMetadataURL, OIDCClientID, OIDCClientSecret, OIDCRedirectURI, OIDCScope, OIDCRemoteUserClaim, Require claim groups:staff") as program:
            mistyped(program, "/oidc/callback")
            signs_in(program, go_to("/"), me)
    finally:
        echo.terminate()
        echo.wait()


def django(which, name, start, callback, told):
    def run(_):
        with Program(name, [sys.executable, str(HERE / "django_app.py")], callback, told, env={"WITH": which}) as program:
            # social-auth takes a sign-in with POST alone.
            form = {} if which == "social" else None
            signs_in(program, lambda browser, base: browser.go(base + start, form), of_me())
    return run


def node(script, name, start, callback, told, me=None, **env):
    def run(_):
        with Program(name, ["node", str(WORK / "node" / script)], callback, told, env=env) as program:
            signs_in(program, go_to(start) if isinstance(start, str) else start, me or of_me())
    return run


def authjs_start(browser, base):
    return browser.send(browser.go(base + "/auth/signin"))


def authjs_me(browser, base, page):
    return (browser.json(base + "/auth/session") or {}).get("user", {})


def fab(_):
    with Program("Flask-AppBuilder", [sys.executable, str(HERE / "fab.py")], "/oauth-authorized/doorward",
                 "OAUTH_PROVIDERS (server_metadata_url, client_id, client_secret, scope), get_oauth_user_info, AUTH_ROLES_MAPPING") as program:
        signs_in(program, go_to("/login/doorward"), of_me())


def omniauth(_):
    with Program("OmniAuth openid_connect", ["ruby", str(HERE.parent / "ruby/app.rb")], "/auth/openid_connect/callback",
                 "issuer, discovery, client_options (identifier, secret, redirect_uri), scope") as program:
        signs_in(program, lambda browser, base: browser.send(browser.go(base + "/")), of_me())


def printed(name, command, env, feed=None):
    """A check that prints its own "ok" and "FAILED" lines; "open URL" asks for a person to go there."""
    with (WORK / "printed.log").open("w+") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env, text=True)
        ended = False
        for line in process.stdout:
            line = line.rstrip()
            if line.startswith("open "):
                process.stdin.write(Browser(ISSUER, "ada@example.com", PASSWORD).go(line[5:]).url + "\n")
                process.stdin.flush()
            elif line.startswith("ok "):
                PASSED.append(line)
                print(f"ok {name}: {line[3:]}")
            elif line.startswith("FAILED "):
                FAILED.append(line)
                print(f"FAILED {name}: {line[7:]}")
            elif line == "end":
                ended = True
            else:
                print(line)
        process.wait()
        if not ended:
            FAILED.append(name)
            log.seek(0)
            print(f"FAILED {name} did not come to its end: {log.read()[-3000:]}")


def oidc_agent(ada):
    told = "issuer, client id, redirect URI, scope, flow code"
    print(f"-- oidc-agent: set were {told}")
    # It takes ports from 1024 to 49151.
    port = next(port for port in iter(free_port, None) if port < 49152)
    home = WORK / "oidc-agent"
    home.mkdir()
    redirect = f"http://localhost:{port}"
    client = doorward("clients", "register", "--name", "oidc-agent", "--preset", "native", "--redirect-uri", redirect)
    env = {**os.environ, "HOME": str(home)}
    said = subprocess.run(["oidc-agent"], env=env, capture_output=True, text=True, check=True).stdout
    env |= dict(re.findall(r"(OIDC_SOCK|OIDCD_PID)=([^;]+);", said))

    def signs_in_and_renews():
        command = ["oidc-gen", "--pub", "--issuer", ISSUER, "--client-id", client["clientId"], "--redirect-uri", redirect, "--flow", "code",
                   "--scope", "openid profile email offline_access", "--no-url-call", "--confirm-default", "--pw-cmd", "echo pass", "doorward"]
        with (home / "gen").open("w+") as log:
            process = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            try:
                end = time.monotonic() + 60
                while not (url := re.search(rf"{re.escape(ISSUER)}/oauth/authorize\S+", (home / "gen").read_text())):
                    assert time.monotonic() < end and process.poll() is None, (home / "gen").read_text()
                    time.sleep(0.1)
                Browser(ISSUER, "ada@example.com", PASSWORD).go(url.group())
                assert process.wait(60) == 0, (home / "gen").read_text()
            finally:
                process.kill()
        token = subprocess.run(["oidc-token", "doorward"], env=env, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
        info = requests.get(f"{ISSUER}/oauth/userinfo", headers={"Authorization": f"Bearer {token}"}).json()
        assert (info["sub"], info["email"], info["name"]) == (ada["id"], "ada@example.com", "Ada Lovelace"), info
        again = subprocess.run(["oidc-token", "--force-new", "doorward"], env=env, capture_output=True, text=True, timeout=60)
        assert again.returncode == 0 and again.stdout.strip() != token, again.stderr

    try:
        record("oidc-agent signs a person in, and renews its token", signs_in_and_renews)
    finally:
        subprocess.run(["oidc-agent", "-k"], env=env, capture_output=True)


def person_env(ada):
    return {"EMAIL": "ada@example.com", "PASSWORD": PASSWORD, "SUBJECT": ada["id"]}


def spa(ada):
    program = Program("oidc-client-ts", [], "/callback", "authority, client_id, redirect_uri, post_logout_redirect_uri, scope", preset="browser",
                      env=person_env(ada))
    more = ["--redirect-uri", program.base + "/callback", "--redirect-uri", program.base + "/silent",
            "--post-logout-redirect-uri", program.base + "/bye"]
    doorward("clients", "update", program.client["clientId"], *more)
    print(f"-- {program.name}: set were {program.told}")
    printed(program.name, ["node", str(WORK / "node/spa.mjs")], program.env)


def mcp(name, command):
    def run(ada):
        program = Program(name, [], None, "issuer, resource URL, and a resource server's id and secret to introspect with", preset="service",
                          register=["--resource-server"], env=person_env(ada))
        doorward("clients", "update", program.client["clientId"], "--resource", program.base + "/mcp")
        other = doorward("clients", "register", "--name", "another", "--preset", "service")
        program.env |= {"OTHER_ID": other["clientId"], "OTHER_SECRET": other["clientSecret"]}
        print(f"-- {name}: set were {program.told}; `client_registration = \"open\"`")
        printed(name, command, program.env)
    return run


def jupyterhub(_):
    ports = {"HUB_PORT": str(free_port()), "PROXY_PORT": str(free_port())}
    env = {**ports, "PROXY": str(WORK / "node/node_modules/.bin/configurable-http-proxy"), "JUPYTERHUB_CRYPT_KEY": "00" * 32}

    def command(_):
        return [str(Path(sys.executable).parent / "jupyterhub"), "-f", str(HERE / "jupyterhub_config.py")]

    def opened(browser, base):
        end = time.monotonic() + 60
        # Its proxy listens before the hub does.
        while requests.get(base + "/hub/login").status_code != 200:
            assert time.monotonic() < end, "the hub does not start"
            time.sleep(0.1)
        return browser.go(base + "/hub/oauth_login")

    def me(browser, base, page):
        browser.go(base + "/hub/home")
        told = browser.session.get(base + "/hub/api/user", headers={"X-XSRFToken": browser.session.cookies.get("_xsrf", path="/hub/") or ""}).json()
        # It has no names of people.
        return {"name": "Ada Lovelace", "email": told.get("name"), "groups": told.get("groups"), "superuser": told.get("admin")}

    with Program("JupyterHub", command, "/hub/oauth_callback",
                 "client_id, client_secret, oauth_callback_url, three endpoints, scope, username_claim, groups, admin_users", env=env) as program:
        signs_in(program, opened, me)


def pgadmin(_):
    programs = WORK / "pgadmin/bin"

    def command(program):
        doorward("clients", "update", program.client["clientId"], "--post-logout-redirect-uri", program.base + "/")
        for words in (["setup-db"], ["add-external-user", "boss@example.com", "--email", "boss@example.com", "--admin"]):
            done = subprocess.run([programs / "pgadmin4-cli", *words], env=program.env, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stdout + done.stderr
        return [programs / "pgadmin4"]

    def signs(email, button):
        browser = Browser(ISSUER, email, PASSWORD)
        # The form is made by its script.
        token = re.search(r'"csrfToken": "([^"]+)"', browser.go(program.base + "/login").text).group(1)
        browser.go(program.base + "/authenticate/login", {"csrf_token": token, "oauth2_button": button})
        told = browser.session.get(program.base + "/user_management/current_user.js", allow_redirects=False)
        if told.status_code != 200:
            return browser, {}
        username = re.search(r"username: '([^']*)'", browser.session.get(program.base + "/browser/js/utils.js").text).group(1)
        return browser, {"username": username, **dict(re.findall(r"'(email|is_admin)': '?([^',]*)", told.text))}

    def employee():
        browser, about = signs("ada@example.com", "doorward")
        assert about == {"username": "ada@example.com", "email": "ada@example.com", "is_admin": "false"}, (about, program.tail())
        after = browser.go(program.base + "/oauth2/logout")
        assert after.url.startswith(program.base + "/login"), after.url
        assert f"GET {ISSUER}/oauth/logout?" in "\n".join(browser.trail), browser.trail

    def stranger():
        browser, about = signs("boss@example.com", "doorward")
        assert about == {} and f"GET {program.base}/oauth2/authorize?code=" in "\n".join(browser.trail), (about, browser.trail)

    def nobody():
        _, about = signs("boss@example.com", "everybody")
        assert re.fullmatch("user_[0-9a-z]{26}", about.get("username", "")), (about, program.tail())
        assert (about["email"], about["is_admin"]) == ("None", "false"), about

    env = {"CONFIG_DISTRO_FILE_PATH": str(HERE / "pgadmin_config.py"), "PGADMIN_SETUP_EMAIL": "boss@example.com", "PGADMIN_SETUP_PASSWORD": PASSWORD}
    told = "client id, client secret, OAUTH2_SERVER_METADATA_URL, scope, PKCE, logout URL, groups in OAUTH2_ADDITIONAL_CLAIMS"
    with Program("pgAdmin", command, "/oauth2/authorize", told, env=env) as program:
        print(f"-- pgAdmin: set were {told}")
        record("pgAdmin signs a person in with username and email, by group, and out again", employee)
        record("pgAdmin: a stranger with the administrator's address does not get in", stranger)
        record("pgAdmin: where everybody gets in, that stranger is not the administrator", nobody)


STREAMLIT = """[auth]
redirect_uri = "{base}/oauth2callback"
cookie_secret = "a secret of the check"
client_id = "{id}"
client_secret = "{secret}"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
client_kwargs = {{ scope = "openid profile email groups" }}
"""


def streamlit(_):
    def command(program):
        (program.home / ".streamlit").mkdir()
        (program.home / ".streamlit/secrets.toml").write_text(STREAMLIT.format(
            base=program.base, issuer=ISSUER, id=program.client["clientId"], secret=program.client["clientSecret"]))
        return [sys.executable, "-m", "streamlit", "run", str(HERE / "streamlit_app.py"), "--server.port", str(program.port),
                "--server.address", "127.0.0.1", "--server.headless", "true", "--browser.gatherUsageStats", "false"]

    def signs(email):
        env = {**program.env, "EMAIL": email, "PASSWORD": PASSWORD}
        done = subprocess.run(["node", str(WORK / "node/streamlit.mjs")], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + program.tail()
        return json.loads(done.stdout)

    def employee():
        told = signs("ada@example.com")
        assert (told["name"], told["email"], told["groups"]) == ("Ada Lovelace", "ada@example.com", ["staff"]), told

    def stranger():
        assert "email" not in signs("boss@example.com")

    told = "redirect_uri, cookie_secret, client_id, client_secret, server_metadata_url, scope"
    with Program("Streamlit", command, "/oauth2callback", told) as program:
        print(f"-- Streamlit: set were {told}")
        record("Streamlit signs a person in with name, email and groups", employee)
        record("Streamlit is not told the address of a stranger", stranger)


def synapse(_):
    def administrator(base):
        """Synapse's own account, made before anybody signs in, to which boss@example.com belongs."""
        command = [str(Path(sys.executable).parent / "register_new_matrix_user"), "-k", "a-secret-of-the-check",
                   "-u", "boss", "-p", PASSWORD, "--admin", base]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        boss = Matrix.with_password(base, "boss", PASSWORD)
        boss.call("PUT", f"/_synapse/admin/v2/users/{boss.user}", {"threepids": [{"medium": "email", "address": "boss@example.com"}]})
        return boss

    def sign_in(browser, base):
        browser.session.cookies = LoopbackCookies()
        return browser.go(base + "/_matrix/client/v3/login/sso/redirect/oidc-doorward?redirectUrl=https://client.example.com/")

    told = "issuer, client_id, client_secret, scopes, backchannel_logout_enabled, localpart_template, display_name_template, email_template"
    with Program("Synapse", [sys.executable, str(HERE / "synapse_app.py")], "/_synapse/client/oidc/callback", told) as program:
        doorward("clients", "update", program.client["clientId"],
                 "--backchannel-logout-uri", program.base + "/_synapse/client/oidc/backchannel_logout")
        boss = administrator(program.base)
        people = []

        def me(browser, base, page):
            person = Matrix.with_page(base, page)
            people.append(person)
            assert person.call("GET", "/_matrix/client/v3/account/whoami")["user_id"] == person.user
            assert boss.emails() == ["boss@example.com"], "the administrator's address went over to somebody"
            return {"name": person.name(), "email": next(iter(person.emails()), None), "superuser": person.user == boss.user}

        def signed_out():
            doorward("users", "end-sessions", "ada@example.com")
            end = time.monotonic() + 30
            while people[0].ask("GET", "/_matrix/client/v3/account/whoami").status_code != 401:
                assert time.monotonic() < end, program.tail()
                time.sleep(0.1)

        signs_in(program, sign_in, me, knows_groups=False)
        record("Synapse's device is signed out with the session at Doorward", signed_out)


PROGRAMS = {
    "go": go_app,
    "apache": apache,
    "mozilla": django("mozilla", "mozilla-django-oidc", "/oidc/authenticate/", "/oidc/callback/",
                      "OIDC_RP_CLIENT_ID, OIDC_RP_CLIENT_SECRET, OIDC_RP_SIGN_ALGO, OIDC_RP_SCOPES and the four endpoints"),
    "allauth": django("allauth", "django-allauth", "/accounts/oidc/doorward/login/", "/accounts/oidc/doorward/login/callback/",
                      "client_id, secret, server_url, SCOPE; EMAIL_AUTHENTICATION, which matches people by address"),
    "social": django("social", "social-auth-app-django", "/login/oidc/", "/complete/oidc/",
                     "OIDC_ENDPOINT, KEY, SECRET, SCOPE; associate_by_email, which matches people by address"),
    "passport": node("passport.mjs", "passport-openidconnect", "/login", "/oauth2/redirect",
                     "issuer, three endpoints, clientID, clientSecret, callbackURL, scope"),
    "authjs": node("authjs.mjs", "Auth.js", authjs_start, "/auth/callback/doorward", "type oidc, issuer, clientId, clientSecret, scope",
                   me=authjs_me),
    "express": node("express-openid.mjs", "express-openid-connect", "/login", "/callback",
                    "issuerBaseURL, baseURL, clientID, clientSecret, response_type code, scope", RESPONSE_MODE="query"),
    "express-post": node("express-openid.mjs", "express-openid-connect with form_post", "/login", "/callback",
                         "the same, with response_mode form_post", RESPONSE_MODE="form_post"),
    "fab": fab,
    "omniauth": omniauth,
    "oidc-agent": oidc_agent,
    "spa": spa,
    "mcp-ts": mcp("MCP TypeScript SDK", ["node", str(WORK / "node/mcp.mjs")]),
    "mcp-python": mcp("MCP Python SDK", [sys.executable, str(HERE / "mcp_sdk.py")]),
}

# Large to install: by name, or with APPS=all.
HEAVY = {"jupyterhub": jupyterhub, "pgadmin": pgadmin, "streamlit": streamlit, "synapse": synapse}


def main():
    ada = people()
    chosen = PROGRAMS | HEAVY if ONLY in ("all", *HEAVY) else PROGRAMS
    for name, check in chosen.items():
        if ONLY in ("", "all", name):
            try:
                check(ada)
            except Exception:
                FAILED.append(name)
                print(f"FAILED {name}")
                traceback.print_exc(file=sys.stdout)
    print(f"{len(PASSED)} passed, {len(FAILED)} failed")
    sys.exit(1 if FAILED or not PASSED else 0)


main()

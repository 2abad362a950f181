"""The person at the browser: follows redirects, pages that go on by themselves and forms that send themselves, signs in
and says yes at Doorward, and answers the page where that ends."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests


class Page(HTMLParser):
    """Forms of a page, and where it goes on to by itself."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.onward, self.script = [], None, ""
        self.in_script = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attrs.get("action") or "", "method": attrs.get("method", "get").lower(), "fields": {}})
        elif tag in ("input", "button") and attrs.get("name") and self.forms:
            self.forms[-1]["fields"].setdefault(attrs["name"], attrs.get("value") or "")
        elif tag == "meta" and (attrs.get("http-equiv") or "").lower() == "refresh":
            self.onward = attrs["content"].split("url=", 1)[1]
        elif tag == "script":
            self.in_script = True

    def handle_endtag(self, tag):
        if tag == "script":
            self.in_script = False

    def handle_data(self, data):
        if self.in_script:
            self.script += data


class LoopbackCookies(requests.cookies.RequestsCookieJar):
    """Sends Secure cookies over http too, as browsers do to a loopback address."""

    def set_cookie(self, cookie, *more, **named):
        cookie.secure = False
        return super().set_cookie(cookie, *more, **named)


class Browser:
    def __init__(self, issuer, email, password):
        self.issuer, self.email, self.password = issuer, email, password
        self.session = requests.Session()
        self.session.trust_env = False
        self.trail = []

    def at_issuer(self, url):
        return urlsplit(url)[:2] == urlsplit(self.issuer)[:2]

    def go(self, url, form=None):
        """Opens an address, or sends a form to it, and goes on until a page waits for somebody."""
        for _ in range(30):
            self.trail.append(("POST " if form is not None else "GET ") + url)
            method = "POST" if form is not None else "GET"
            answer = self.session.request(method, url, data=form, allow_redirects=False, timeout=60)
            form = None
            if answer.is_redirect or answer.status_code in (302, 303):
                url = urljoin(url, answer.headers["location"])
                continue
            if "html" not in answer.headers.get("content-type", ""):
                return answer
            page = Page(answer.text)
            if page.onward:
                url = urljoin(url, page.onward)
            elif page.forms and "submit()" in page.script:
                url, form = urljoin(url, page.forms[0]["action"]), page.forms[0]["fields"]
            elif page.forms and self.at_issuer(url) and answer.status_code == 200:
                url, form = urljoin(url, page.forms[0]["action"]), dict(page.forms[0]["fields"])
                if "password" in form:
                    form |= {"email": self.email, "password": self.password}
            else:
                return answer
        raise AssertionError("the browser goes round in circles: " + "\n".join(self.trail))

    def send(self, answer, **fields):
        """Sends the first form of a page that waits, with what the person filled in."""
        form = Page(answer.text).forms[0]
        return self.go(urljoin(answer.url, form["action"]), {**form["fields"], **fields})

    def json(self, url):
        return self.session.get(url, timeout=60).json()

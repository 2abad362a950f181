"""What the checks share: what was made for them, the person at the browser, and how they say how they went."""

import contextlib
import json
import os
import subprocess
import traceback

ISSUER = os.environ["ISSUER"]
with open(os.environ["MADE"], encoding="utf-8") as made:
    MADE = json.load(made)


def person(url):
    """Signs in and says yes; answers where the browser ends up."""
    done = subprocess.run(["node", os.environ["PERSON"], url], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@contextlib.contextmanager
def check(name):
    try:
        yield
        print(f"ok {name}")
    except Exception:
        print(f"FAILED {name}")
        traceback.print_exc()

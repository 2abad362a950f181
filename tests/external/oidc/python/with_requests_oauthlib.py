"""PyPI requests-oauthlib, over oauthlib."""

import os

# It speaks to 127.0.0.1 here.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from check import ISSUER, MADE, check, person

metadata = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=20).json()
scope = ["email", "offline_access", "openid", "profile"]

for name in ["web", "native"]:
    client = MADE[name]
    secret = client.get("secret")
    proof = {"auth": HTTPBasicAuth(client["id"], secret)} if secret else {"include_client_id": True}
    oauth = OAuth2Session(client["id"], redirect_uri=MADE["redirectUri"], scope=scope, pkce="S256")
    with check(f"requests-oauthlib signs a person in ({name})"):
        url, _ = oauth.authorization_url(metadata["authorization_endpoint"])
        token = oauth.fetch_token(metadata["token_endpoint"], authorization_response=person(url), **proof)
        assert token["token_type"] == "Bearer"
    with check(f"requests-oauthlib asks for userinfo ({name})"):
        assert oauth.get(metadata["userinfo_endpoint"]).json()["sub"] == MADE["person"]["id"]
    with check(f"requests-oauthlib refreshes ({name})"):
        used = token["refresh_token"]
        more = {"auth": proof["auth"]} if secret else {"client_id": client["id"]}
        oauth.refresh_token(metadata["token_endpoint"], refresh_token=used, **more)
        assert oauth.get(metadata["userinfo_endpoint"]).status_code == 200
    with check(f"requests-oauthlib is told of a used refresh token ({name})"):
        try:
            oauth.refresh_token(metadata["token_endpoint"], refresh_token=used, **more)
        except InvalidGrantError:
            pass
        else:
            raise AssertionError("it was taken")

with check("requests-oauthlib uses client credentials"):
    machine = MADE["machine"]
    oauth = OAuth2Session(client=BackendApplicationClient(client_id=machine["id"], scope=["read"]))
    auth = HTTPBasicAuth(machine["id"], machine["secret"])
    assert oauth.fetch_token(metadata["token_endpoint"], auth=auth)["scope"] == ["read"]
print("end")

"""PyPI Authlib: discovery, PKCE, ID token against the JWKS, userinfo, refresh, introspection, revocation."""

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from check import ISSUER, MADE, check, person

metadata = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=20).json()


def session(client, method, **more):
    return OAuth2Session(
        client["id"],
        client.get("secret"),
        token_endpoint_auth_method=method,
        redirect_uri=MADE["redirectUri"],
        code_challenge_method="S256",
        **more,
    )


for name, client, method in [
    ("basic", MADE["web"], "client_secret_basic"),
    ("post", MADE["web"], "client_secret_post"),
    ("public", MADE["native"], "none"),
]:
    oauth = session(client, method, scope="openid profile email offline_access")
    with check(f"Authlib signs a person in ({name})"):
        verifier, nonce = generate_token(48), generate_token()
        url, state = oauth.create_authorization_url(
            metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
        token = oauth.fetch_token(
            metadata["token_endpoint"], authorization_response=person(url), state=state, code_verifier=verifier
        )
    with check(f"Authlib verifies the ID token ({name})"):
        keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=20).json())
        decoded = jwt.decode(token["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"])
        options = {"iss": {"value": metadata["issuer"]}, "aud": {"value": client["id"]}}
        params = {"nonce": nonce, "access_token": token["access_token"], "client_id": client["id"]}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate()
        assert claims["sub"] == MADE["person"]["id"]
    with check(f"Authlib asks for userinfo ({name})"):
        info = oauth.get(metadata["userinfo_endpoint"]).json()
        assert info["email"] == MADE["person"]["email"] and info["given_name"] == "Ada", info
    with check(f"Authlib refreshes ({name})"):
        before = token["refresh_token"]
        token = oauth.refresh_token(metadata["token_endpoint"], refresh_token=before)
        assert token["refresh_token"] != before
    if client.get("secret"):
        with check(f"Authlib introspects ({name})"):
            about = oauth.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
            assert about["active"] is True and about["sub"] == MADE["person"]["id"], about
    with check(f"Authlib revokes ({name})"):
        assert oauth.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"]).status_code == 200
        assert oauth.get(metadata["userinfo_endpoint"]).status_code == 401

with check("Authlib uses client credentials"):
    machine = session(MADE["machine"], "client_secret_basic", scope="read")
    token = machine.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["scope"] == "read" and token["expires_in"] == 7200, token
print("end")

"""The Python SDK of the Model Context Protocol: a server that asks for tokens (RFC 9728, introspection), and a client that
finds Doorward from its 401, registers itself, has a person sign in, and calls a tool."""

import asyncio
import os
import threading
from urllib.parse import parse_qs, urlsplit

import httpx2
import requests
import uvicorn
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientMetadata

from browser import Browser

ISSUER, BASE = os.environ["ISSUER"], os.environ["BASE"]
RESOURCE = f"{BASE}/mcp"


class Introspection:
    async def verify_token(self, token):
        about = requests.post(
            f"{ISSUER}/oauth/introspect", {"token": token}, auth=(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
        ).json()
        if not about["active"]:
            return None
        audience = about["aud"] if isinstance(about["aud"], list) else [about["aud"]]
        return AccessToken(
            token=token,
            client_id=about["client_id"],
            scopes=about["scope"].split(),
            expires_at=about["exp"],
            resource=next((one for one in audience if one == RESOURCE), None),
            subject=about["sub"],
        )


server = MCPServer(
    "harbour",
    token_verifier=Introspection(),
    auth=AuthSettings(issuer_url=ISSUER, resource_server_url=RESOURCE, validate_token_resource=True),
)


@server.tool()
def whoami() -> str:
    """Who calls."""
    return get_access_token().subject


class Storage:
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


async def main():
    host, port = os.environ["LISTEN"].split(":")
    running = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), host=host, port=int(port), log_level="warning"))
    threading.Thread(target=running.run, daemon=True).start()
    while not running.started:
        await asyncio.sleep(0.05)
    arrived = {}
    person = Browser(ISSUER, os.environ["EMAIL"], os.environ["PASSWORD"])

    async def redirect(url):
        arrived["url"] = (await asyncio.to_thread(person.go, url)).url

    async def callback():
        query = {name: values[0] for name, values in parse_qs(urlsplit(arrived["url"]).query).items()}
        return AuthorizationCodeResult(code=query["code"], state=query["state"], iss=query["iss"])

    storage = Storage()
    provider = OAuthClientProvider(
        server_url=RESOURCE,
        client_metadata=OAuthClientMetadata(
            client_name="An assistant", redirect_uris=[f"{BASE}/callback"], token_endpoint_auth_method="none"
        ),
        storage=storage,
        redirect_handler=redirect,
        callback_handler=callback,
    )
    async with httpx2.AsyncClient(auth=provider) as http:
        async with Client(streamable_http_client(RESOURCE, http_client=http)) as client:
            answer = await client.call_tool("whoami", {})
    assert storage.client.client_id, "it did not register itself"
    print("ok the client finds Doorward and registers itself")
    assert answer.content[0].text == os.environ["SUBJECT"], answer
    print("ok a tool is called in the name of the person")
    refused = requests.post(RESOURCE, json={}, headers={"Authorization": "Bearer x"})
    assert refused.status_code == 401 and "resource_metadata" in refused.headers["www-authenticate"], refused.headers
    print("ok a wrong token is refused, and where to get one is said")
    print("end")


asyncio.run(main())

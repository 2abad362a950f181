"""JupyterHub with oauthenticator's GenericOAuthenticator, as its documentation has it. boss@example.com is its administrator."""

import os

c = get_config()  # noqa: F821
issuer, base = os.environ["ISSUER"], os.environ["BASE"]
c.JupyterHub.bind_url = base
c.JupyterHub.hub_port = int(os.environ["HUB_PORT"])
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ['PROXY_PORT']}"
c.ConfigurableHTTPProxy.command = [os.environ["PROXY"]]
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = os.environ["CLIENT_ID"]
c.GenericOAuthenticator.client_secret = os.environ["CLIENT_SECRET"]
c.GenericOAuthenticator.oauth_callback_url = f"{base}/hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = f"{issuer}/oauth/authorize"
c.GenericOAuthenticator.token_url = f"{issuer}/oauth/token"
c.GenericOAuthenticator.userdata_url = f"{issuer}/oauth/userinfo"
c.GenericOAuthenticator.scope = ["openid", "profile", "email", "groups"]
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.manage_groups = True
c.GenericOAuthenticator.auth_state_groups_key = "oauth_user.groups"
c.GenericOAuthenticator.allow_all = True
c.GenericOAuthenticator.admin_users = {"boss@example.com"}
c.Authenticator.enable_auth_state = True
# They may read who they are.
c.JupyterHub.load_roles = [{"name": "user", "scopes": ["self", "list:users!user", "read:users!user"]}]

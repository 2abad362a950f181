"""pgAdmin as docs/connect has it, and once more without its groups. boss@example.com is its administrator."""

import os

issuer, home = os.environ["ISSUER"], os.environ["HOME_OF_APP"]
SERVER_MODE = True
DATA_DIR = home
DEFAULT_SERVER = "127.0.0.1"
DEFAULT_SERVER_PORT = int(os.environ["PORT"])
UPGRADE_CHECK_ENABLED = False
AUTHENTICATION_SOURCES = ["oauth2", "internal"]
OAUTH2_AUTO_CREATE_USER = True
everybody = {
    "OAUTH2_NAME": "everybody",
    "OAUTH2_DISPLAY_NAME": "Everybody",
    "OAUTH2_CLIENT_ID": os.environ["CLIENT_ID"],
    "OAUTH2_CLIENT_SECRET": os.environ["CLIENT_SECRET"],
    "OAUTH2_SERVER_METADATA_URL": f"{issuer}/.well-known/openid-configuration",
    "OAUTH2_SCOPE": "openid email profile groups",
    "OAUTH2_CHALLENGE_METHOD": "S256",
    "OAUTH2_RESPONSE_TYPE": "code",
    "OAUTH2_LOGOUT_URL": f"{issuer}/oauth/logout?id_token_hint={{id_token}}&post_logout_redirect_uri={{redirect_uri}}",
}
staff = {"OAUTH2_NAME": "doorward", "OAUTH2_DISPLAY_NAME": "Doorward", "OAUTH2_ADDITIONAL_CLAIMS": {"groups": ["staff"]}}
OAUTH2_CONFIG = [everybody | staff, everybody]

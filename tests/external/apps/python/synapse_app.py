"""Synapse with one `oidc_providers` entry, as docs/connect/synapse.md has it."""

import os
import subprocess
import sys
from pathlib import Path

home = Path(os.environ["HOME_OF_APP"])
CONFIG = """server_name: matrix.example.com
public_baseurl: {BASE}/
pid_file: {HOME_OF_APP}/pid
listeners:
  - {{port: {PORT}, type: http, bind_addresses: [127.0.0.1], resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: {HOME_OF_APP}/homeserver.db}}}}
media_store_path: {HOME_OF_APP}/media
signing_key_path: {HOME_OF_APP}/signing.key
trusted_key_servers: []
report_stats: false
registration_shared_secret: a-secret-of-the-check
macaroon_secret_key: another-secret-of-the-check
oidc_providers:
  - idp_id: doorward
    idp_name: Doorward
    issuer: "{ISSUER}"
    client_id: "{CLIENT_ID}"
    client_secret: "{CLIENT_SECRET}"
    scopes: ["openid", "profile", "email"]
    backchannel_logout_enabled: true
    user_mapping_provider:
      config:
        localpart_template: "{{{{ user.sub }}}}"
        display_name_template: "{{{{ user.name }}}}"
        email_template: "{{{{ user.email }}}}"
"""

(home / "homeserver.yaml").write_text(CONFIG.format(**os.environ))
command = [sys.executable, "-m", "synapse.app.homeserver", "-c", "homeserver.yaml"]
subprocess.run([*command, "--generate-keys"], check=True)
os.execv(sys.executable, command)

#!/usr/bin/env bash
# The Python tutorial as it stands: its files are written out, its app is started against the real server, and what the
# text says is done. (The JavaScript and Go tutorials are run by the checks of their SDKs, the Rust one by tutorial-rust.)
# Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
server=${DOORWARD_SERVER_BIN:?path of doorward-server}
unset DOORWARD_SERVER_BIN DOORWARD_BIN
command -v python3 >/dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 >/dev/null
}
exec env -u DOORWARD_URL python3 "$here/check.py" "$server" "$root/docs/tutorial/python.md"

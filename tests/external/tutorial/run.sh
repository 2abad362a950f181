#!/usr/bin/env bash
# The Python and the Rust tutorial as they stand: their files are written out, the apps are started, and what the text says
# is done. (The JavaScript and Go tutorials are run by the checks of their SDKs.) Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
server=${DOORWARD_SERVER_BIN:?path of doorward-server}
unset DOORWARD_SERVER_BIN DOORWARD_BIN
command -v python3 >/dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 >/dev/null
}
status=0
python=$(env -u DOORWARD_URL python3 "$here/check.py" "$server" "$root/docs/tutorial/python.md") || status=1
rust=$(python3 "$here/check_rust.py" "$root") || status=1
printf 'Python: %s\nRust: %s\n' "$python" "$rust"
# The count of both.
printf '%s\n%s\n' "$python" "$rust" | awk '/passed,/ { passed += $1; failed += $3 } END { print passed " passed, " failed " failed" }'
exit "$status"

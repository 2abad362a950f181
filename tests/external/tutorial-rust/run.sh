#!/usr/bin/env bash
# The Rust tutorial as it stands: its crate is built with the versions of this workspace, started, and what the text says
# is done. Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
unset DOORWARD_SERVER_BIN DOORWARD_BIN
exec python3 "$here/check.py" "$root"

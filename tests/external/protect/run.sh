#!/usr/bin/env bash
# Runs the examples of docs/protect-your-api.md as they stand there: each API must take a good token and refuse a foreign,
# narrow, forged, missing and revoked one. The Rust example is compiled and tested with the workspace. Ends with a count.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
server=${DOORWARD_SERVER_BIN:?path of doorward-server}
# They would be settings of the server that is started.
unset DOORWARD_SERVER_BIN DOORWARD_BIN
work=$(mktemp -d)
pid=
# shellcheck disable=SC2329
clean() {
  if [ -n "$pid" ]; then kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap clean EXIT
for name in api.mjs api.py; do
  awk -v name="$name" '/^```/ { writing = ($2 == name); next } writing' "$here/../../../docs/protect-your-api.md" >"$work/$name"
  [ -s "$work/$name" ] || { echo "the document has no $name"; exit 1; }
done
cp "$here/check.mjs" "$here/package.json" "$work/"
(cd "$work" && npm install --no-package-lock --no-audit --no-fund --loglevel=error)
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
(cd "$work" && exec "$server" --data-dir "$work/data" --port 0) >"$work/out" 2>"$work/log" &
pid=$!
for _ in $(seq 600); do grep -q listening "$work/out" && break; kill -0 "$pid" || { cat "$work/log"; exit 1; }; sleep 0.1; done
ISSUER=$(sed -n 's/^doorward-server listening on //p' "$work/out")
OPERATOR_KEY=$(cat "$work/data/operator.key")
export ISSUER OPERATOR_KEY WORK="$work"
node "$work/check.mjs"

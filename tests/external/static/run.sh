#!/usr/bin/env bash
# The static programs: built for musl, and used in a folder that has nothing else in it but `/etc/hosts` and `/tmp`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
cd "$root"
target=x86_64-unknown-linux-musl
. "$root/tests/external/checks.sh"

if [ "$(id -u)" != 0 ]; then
  echo "needs root, to change into an empty root directory"
  exit 1
fi
rustup target add "$target"
command -v musl-gcc >/dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends musl-tools >/dev/null
}
cargo build --release --locked --target "$target" -p doorward-server -p doorward-tui

work=$(mktemp -d)
pids=()
cleanup() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
mkdir -p "$work/root/etc" "$work/root/tmp"
echo "127.0.0.1 localhost" >"$work/root/etc/hosts"
for program in doorward-server doorward; do
  cp "target/$target/release/$program" "$work/root"
  is "$program asks for no library" "" "$(readelf -d "$work/root/$program" | grep NEEDED || true)"
done
chroot=$(command -v chroot)
inside() { env -i "${environment[@]}" "$chroot" "$work/root" "$@"; }

env -i "$chroot" "$work/root" /doorward-server --data-dir /data --port 0 >"$work/out" 2>"$work/log" &
pids+=($!)
url=
for _ in $(seq 100); do
  url=$(sed -n 's/^doorward-server listening on //p' "$work/out")
  [ -z "$url" ] || break
  sleep 0.1
done
person='{"email":"ada@example.com","password":"correct horse battery"}'
is "register" 201 "$(curl -s -o /dev/null -w '%{http_code}' "$url/auth/register" --json "$person")"
is "login" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$url/auth/login" --json "$person")"
is "ready" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$url/health/ready")"
environment=(HOME=/tmp DOORWARD_URL="$url" DOORWARD_KEY_FILE=/data/operator.key)
is "the CLI lists the user" "ada@example.com" "$(inside /doorward users list -o csv --columns email | tail -n 1 | tr -d '\r')"
is "backup" 0 "$(inside /doorward-server backup --data-dir /data /tmp/copy.db >/dev/null 2>&1; echo $?)"
is "check" 0 "$(inside /doorward-server check --data-dir /data >/dev/null; echo $?)"

# A name of /etc/hosts, which the C library looks up.
python3 - >"$work/mail" <<'PYTHON' &
import socket

listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
peer, _ = listening.accept()
lines = peer.makefile("rb")
peer.sendall(b"220 mail\r\n")
in_data = False
for line in lines:
    word = line.strip().upper()
    if in_data and word != b".":
        continue
    in_data = word == b"DATA"
    peer.sendall(b"354 go on\r\n" if in_data else b"250 ok\r\n")
    if word == b"QUIT":
        break
PYTHON
pids+=($!)
for _ in $(seq 50); do
  [ -s "$work/mail" ] && break
  sleep 0.1
done
environment=(DOORWARD_ISSUER=http://localhost:8000 DOORWARD_MAIL_FROM=doorward@example.com DOORWARD_MAIL_URL="smtp://localhost:$(cat "$work/mail")")
is "mail to a server by its name" "localhost took the mail to ada@example.com" "$(inside /doorward-server mail-test ada@example.com 2>&1)"

kill -TERM "${pids[0]}"
status=0
wait "${pids[0]}" || status=$?
is "a graceful end" 0 "$status"
count

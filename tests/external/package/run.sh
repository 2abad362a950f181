#!/usr/bin/env bash
# The Debian package: built, installed, upgraded, removed and purged on this machine. What needs a service manager is
# checked as far as a machine without one can: systemd reads the unit that is installed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
cd "$root"
export DEBIAN_FRONTEND=noninteractive
unset DOORWARD_SERVER_BIN DOORWARD_BIN
. "$root/tests/external/checks.sh"
there() { if [ -e "$1" ]; then echo there; else echo gone; fi; }

if [ "$(id -u)" != 0 ] || ! command -v dpkg >/dev/null; then
  echo "needs root on a Debian machine"
  exit 1
fi
for path in /etc/doorward /var/lib/doorward /usr/bin/doorward-server; do
  if [ -e "$path" ]; then
    echo "$path is there: Doorward is installed on this machine, and this check would take it away"
    exit 1
  fi
done
if ! command -v cargo-deb >/dev/null; then
  cargo install --quiet --locked --root "$root/target/tools" --version 3.8.0 cargo-deb
  export PATH="$root/target/tools/bin:$PATH"
fi
command -v systemd-analyze >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends systemd >/dev/null; }

work=$(mktemp -d)
cleanup() {
  dpkg --purge doorward >/dev/null 2>&1 || true
  rm -rf "$work" /var/lib/doorward
}
trap cleanup EXIT

server/dist/debian/build --output "$work/doorward.deb" >"$work/build" 2>&1 || { tail -n 20 "$work/build"; exit 1; }
is "name" doorward "$(dpkg-deb --field "$work/doorward.deb" Package)"
dpkg -i "$work/doorward.deb" >"$work/install" 2>&1 || apt-get install -y -qq -f >/dev/null
is "it says what to do next" 1 "$(grep -c 'Doorward is installed' "$work/install")"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
is "the server runs" "doorward-server $version" "$(/usr/bin/doorward-server --version)"
is "the console runs" "doorward $version" "$(/usr/bin/doorward --version)"
for file in man/man1/doorward-server.1.gz man/man1/doorward.1.gz man/man1/doorward-server-apply.1.gz \
  bash-completion/completions/doorward-server bash-completion/completions/doorward \
  zsh/vendor-completions/_doorward fish/vendor_completions.d/doorward.fish; do
  is "$file" there "$(there "/usr/share/$file")"
done
is "the settings are a conffile" 1 "$(dpkg-query -W -f='${Conffiles}' doorward | grep -c /etc/doorward/Rocket.toml)"
unit=$(dpkg -L doorward | grep '/doorward.service$')
is "systemd reads the unit" "" "$(systemd-analyze verify "$unit" 2>&1)"
# As the unit starts it, for want of a service manager: a user of its own, the settings' directory, the data directory.
install -d -m 0700 -o nobody -g nogroup /var/lib/doorward
begin=(setpriv --reuid nobody --regid nogroup --clear-groups env -C /etc/doorward ROCKET_PORT=0 /usr/bin/doorward-server serve --data-dir /var/lib/doorward)
"${begin[@]}" >"$work/out" 2>"$work/log" &
pid=$!
url=
for _ in $(seq 200); do
  url=$(sed -n 's/^doorward-server listening on //p' "$work/out")
  [ -z "$url" ] || break
  sleep 0.1
done
is "ready" 200 "$(curl -s -o /dev/null -w '%{http_code}' "$url/health/ready")"
is "the settings are those of the package" 1 "$(grep -c '/etc/doorward/Rocket.toml' "$work/log" || true)"
is "the console reaches it" 0 "$(doorward --server "$url" --key-file /var/lib/doorward/operator.key status >/dev/null 2>&1; echo $?)"
printf '[[roles]]\nname = "support"\npermissions = ["read"]\n' >"$work/roles.toml"
is "a file is applied while it runs" "+ role support: permissions [read]" \
  "$(doorward-server --data-dir /var/lib/doorward apply "$work/roles.toml" 2>&1)"
# The tutorials begin with the key, where the package keeps it.
for page in go javascript python; do
  key=$(sed -n 's/.*\$(sudo cat \([^)]*\)).*/\1/p' "docs/tutorial/$page.md")
  is "the tutorial of $page begins with its key" there "$(there "${key:-nothing}")"
done
kill -TERM "$pid"
wait "$pid" || true

# An upgrade keeps what was changed by hand, and the data.
echo '# by hand' >>/etc/doorward/Rocket.toml
before=$(sha256sum /etc/doorward/Rocket.toml /var/lib/doorward/master.key)
dpkg -i --force-confold "$work/doorward.deb" >/dev/null 2>&1
is "an upgrade keeps settings and keys" "$before" "$(sha256sum /etc/doorward/Rocket.toml /var/lib/doorward/master.key)"
dpkg --remove doorward >/dev/null 2>&1
is "removed: the program" gone "$(there /usr/bin/doorward-server)"
is "removed: settings and keys stay" "$before" "$(sha256sum /etc/doorward/Rocket.toml /var/lib/doorward/master.key)"
dpkg --purge doorward >/dev/null 2>&1
is "purged: the settings" gone "$(there /etc/doorward/Rocket.toml)"
is "purged: nobody said that the data may go" there "$(there /var/lib/doorward/master.key)"
dpkg -i "$work/doorward.deb" >/dev/null 2>&1
echo "doorward doorward/purge-data boolean true" | debconf-set-selections
dpkg --purge doorward >/dev/null 2>&1
is "purged, and asked for the data to go" gone "$(there /var/lib/doorward)"

count

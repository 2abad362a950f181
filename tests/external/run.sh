#!/usr/bin/env bash
# Checks that need more than Rust and a C compiler: a browser, stock clients of other languages, a terminal multiplexer,
# a disk that fills up. Installs what they need from Debian, npm and PyPI, runs every folder's run.sh against the real
# programs, and ends with each one's own count. Names of folders as arguments run only those.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"

# The programs, built by `cargo test --workspace` or now.
profile=${PROFILE:-debug}
if [ ! -x "target/$profile/doorward-server" ] || [ ! -x "target/$profile/doorward" ]; then
  if [ "$profile" = release ]; then cargo build --release --workspace --bins --locked; else cargo build --workspace --bins --locked; fi
fi
export DOORWARD_SERVER_BIN="$root/target/$profile/doorward-server"
export DOORWARD_BIN="$root/target/$profile/doorward"

need() { # need COMMAND PACKAGE...
  command -v "$1" >/dev/null 2>&1 && return
  shift
  if [ -z "${apt_updated:-}" ]; then
    apt-get update -qq
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
need curl curl
need tmux tmux
need node nodejs npm
need npm npm
need python3 python3 python3-venv
need chromium chromium
need go golang-go gcc libc6-dev

# These build the programs once more, optimised or in a crate of their own, or measure: they run by name only.
heavy=" embedding figures package static tutorial-rust "
if [ $# -gt 0 ]; then
  folders=("$@")
else
  folders=()
  for folder in "$here"/*/run.sh; do
    name=$(basename "$(dirname "$folder")")
    case "$heavy" in
    *" $name "*) echo "left out, since it takes long: tests/external/run.sh $name" ;;
    *) folders+=("$name") ;;
    esac
  done
fi
failed=()
counts=()
for name in "${folders[@]}"; do
  printf '\n-- %s\n' "$name"
  out=$(mktemp)
  if "$here/$name/run.sh" 2>&1 | tee "$out"; then :; else failed+=("$name"); fi
  count=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$out" | tail -n 1 || true)
  rm -f "$out"
  if [ -z "$count" ]; then
    failed+=("$name (no count)")
  else
    counts+=("$name: $count")
    case "$count" in "0 passed"*) failed+=("$name (nothing ran)") ;; esac
  fi
done

printf '\n'
printf '%s\n' "${counts[@]}"
if [ ${#failed[@]} -gt 0 ]; then
  printf 'external checks failed: %s\n' "${failed[*]}"
  exit 1
fi

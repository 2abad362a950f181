#!/usr/bin/env bash
# Walks the console in tmux against the real server. Names of walks as arguments run only those.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Only debug builds have the command that panics.
case "${DOORWARD_BIN:-}" in */release/*) export DOORWARD_WALK_PANIC=0 ;; esac
exec python3 "$here/walk.py" "$@"

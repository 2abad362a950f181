#!/usr/bin/env bash
# Walks the console in tmux against the real server, and does the operators' tasks with their keys counted. Names of walks
# as arguments run only those.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Only debug builds have the command that panics.
case "${DOORWARD_BIN:-}" in */release/*) export DOORWARD_WALK_PANIC=0 ;; esac
if [ $# -eq 0 ]; then
  python3 "$here/tasks.py"
  python3 "$here/yours.py"
  python3 "$here/people.py"
fi
exec python3 "$here/walk.py" "$@"

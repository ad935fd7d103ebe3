#!/bin/sh
# The SDK beside rclone and curl on this machine, in one run: builds the release programs and prints a table.
# Needs python3, rclone and curl; says so when one is missing. `benches/compare.sh --help` lists the options.
set -eu
command -v python3 >/dev/null || {
  echo "compare.sh: not installed: python3" >&2
  exit 1
}
exec python3 "$(dirname "$0")/compare.py" "$@"

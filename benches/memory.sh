#!/bin/sh
# The peak memory of the SDK (the example mirror) while it uploads and downloads a file of 2 GiB, against the emulator, in one
# go, and killed half-way and continued: builds the release programs, prints the figures, and fails when one of them is 64 MiB
# or more. `--provider sharepoint` measures another one than ShareFile. Needs python3.
set -eu
command -v python3 >/dev/null || {
  echo "memory.sh: not installed: python3" >&2
  exit 1
}
exec python3 "$(dirname "$0")/memory.py" "$@"

#!/bin/sh
# The peak memory of a process (the example watch) that reads the changes of a store from the beginning to the end: of 10,000
# items, and of ten times as many. Builds the release programs, prints the figures, and fails when the longer reading needs
# more than 8 bytes an item beyond the shorter one, and 4 MiB for what differs from run to run. `--provider acronis` measures
# another one than SharePoint; `--no-sync-service` a SharePoint whose changes are told by the REST service. Whoever lists several
# folders at once needs memory for as many pages, and not from the first one on: `--slack 40`. Needs python3.
set -eu
command -v python3 >/dev/null || {
  echo "firstsync.sh: not installed: python3" >&2
  exit 1
}
exec python3 "$(dirname "$0")/firstsync.py" "$@"

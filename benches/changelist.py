"""Measures the reading of a FilesAnywhere ChangeList: throughput beside a bare event loop, and peak memory.

The list is read from a file, where reader and event loop take turns over the same bytes, and then from the emulator, which
makes it up while it sends it. Fails when a reading process has the limit of memory or more, or is slower than the limit.
"""

import argparse
import pathlib
import re
import sys
import tempfile

from harness import Emulator, build, fail, measure

MOST_MEMORY = 48
LEAST_SHARE = 0.5


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--entries", type=int, default=1_000_000, metavar="N", help="entries of the list [1000000]")
    entries = str(options.parse_args().entries)
    emulator_program, program = build("changelist")
    with tempfile.TemporaryDirectory(prefix="sharesync-changelist-") as directory:
        directory = pathlib.Path(directory)

        def run(*arguments):
            with open(directory / "output", "w+") as output:
                usage = measure([program, *arguments], directory, output=output)
                output.seek(0)
                text = output.read()
            print(text, end="")
            return text, usage.peak

        text, from_file = run("file", entries)
        run("held", entries)
        with Emulator(emulator_program, directory / "drive", "--change-list-entries", entries) as emulator:
            account = emulator.accounts["filesanywhere"]
            names = ("endpoint", "api_key", "org_id", "username", "password")
            _, from_server = run("server", *(str(account[name]) for name in names))
    share = re.search(r"([0-9.]+) of the event loop", text)
    if share is None:
        fail("the program printed no share")
    print(f"peak memory: {from_file:.1f} MiB from a file, {from_server:.1f} MiB from the emulator")
    if max(from_file, from_server) >= MOST_MEMORY:
        sys.exit(f"changelist.py: the limit is {MOST_MEMORY} MiB")
    if float(share[1]) < LEAST_SHARE:
        sys.exit(f"changelist.py: the least is {LEAST_SHARE} of the event loop")


main()

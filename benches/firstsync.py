"""Measures the peak memory of the example watch while it reads everything that exists in a store: of so many items, and of ten
times as many. Fails when the longer reading needs more than a little beyond the shorter one."""

import argparse
import pathlib
import sys
import tempfile

from harness import CONFIGURED, MIB, Emulator, build, fail, measure

# What may be remembered of an item, to tell a list that repeats itself.
BYTES_AN_ITEM = 8


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=100_000, metavar="N", help="items of the longer reading [100000]")
    options.add_argument("--files", type=int, default=1000, metavar="N", help="files in each folder [1000]")
    options.add_argument("--provider", default="sharepoint", choices=CONFIGURED, help="[sharepoint]")
    options.add_argument("--slack", type=float, default=4, metavar="MIB", help="by how much two runs of the same differ [4]")
    options.add_argument("--no-sync-service", action="store_true", help="SharePoint by the REST service alone")
    options = options.parse_args()
    more = ["--no-sync-service"] if options.no_sync_service else []
    emulator_program, watch = build("watch")
    peaks = []
    with tempfile.TemporaryDirectory(prefix="sharesync-firstsync-") as directory:
        directory = pathlib.Path(directory)
        for items in (options.items // 10, options.items):
            with Emulator(emulator_program, directory / "drive", *more) as emulator:
                for folder in range(items // options.files):
                    emulator.fill(f"/Sync/{folder:05}", options.files, 8)
                emulator.write_config(directory / "stores.toml", options.provider)
                command = [watch, "--config", "stores.toml", "--store", "emulated", "--all", "--once"]
                with open(directory / "told", "w+") as told:
                    usage = measure(command, directory, output=told)
                    told.seek(0)
                    count = sum(line.startswith("is ") for line in told)
                for snapshots in directory.glob("snapshots.*"):
                    snapshots.unlink()
            if count < items:
                fail(f"{count} of {items} items were told")
            print(f"{options.provider}: {count} items: peak {usage.peak:.1f} MiB, {usage.wall:.1f} s, {usage.cpu:.1f} s of CPU")
            peaks.append(usage.peak)
    growth, most = peaks[1] - peaks[0], options.items * BYTES_AN_ITEM / MIB + options.slack
    print(f"growth: {growth:.1f} MiB")
    if growth > most:
        sys.exit(f"firstsync.py: the limit is {most:.1f} MiB")


main()

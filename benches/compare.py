"""Compares the SDK (the example mirror), rclone and curl against the emulator, all as release builds on this machine.

Every run begins with an empty drive in a directory; what each client transfers or lists is compared with what was there.
The table has the median of each column. Memory is the peak of the largest process of the client.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from harness import MIB, WORKSPACE, Emulator, build, directory_digests, fail, md5, measure, require, write_file


class Sdk:
    name = "sharesync"

    def __init__(self, program):
        self.program = program

    def prepare(self, emulator, directory):
        emulator.write_config(directory / "stores.toml")
        self.command = [self.program, "--config", directory / "stores.toml", "--store", "emulated"]
        self.environment = {}

    def up_file(self, local, folder):
        return [*self.command, "up", local, f"/{folder}/{local.name}"]

    def up_files(self, local, folder):
        return [*self.command, "up", local, f"/{folder}"]

    def down_file(self, folder, name, local):
        return [*self.command, "down", "--no-sync", f"/{folder}/{name}", local]

    def down_files(self, folder, local):
        return [*self.command, "down", "--no-sync", f"/{folder}", local]

    def list(self, folder):
        return [*self.command, "list", f"/{folder}"]

    def listed(self, line):
        return line.split()[-1]


class Rclone:
    name = "rclone"

    def prepare(self, emulator, _):
        self.command = ["rclone", "--config", "/dev/null", "--retries", "1", "--transfers", "16", "--checkers", "16"]
        token = {"access_token": emulator.token, "token_type": "bearer"}
        self.environment = {
            "RCLONE_CONFIG_SF_TYPE": "sharefile",
            "RCLONE_CONFIG_SF_ENDPOINT": emulator.endpoint,
            "RCLONE_CONFIG_SF_TOKEN": json.dumps(token),
        }

    def up_file(self, local, folder):
        return [*self.command, "copyto", local, f"sf:{folder}/{local.name}"]

    def up_files(self, local, folder):
        return [*self.command, "copy", local, f"sf:{folder}"]

    def down_file(self, folder, name, local):
        return [*self.command, "copyto", f"sf:{folder}/{name}", local]

    def down_files(self, folder, local):
        return [*self.command, "copy", f"sf:{folder}", local]

    def list(self, folder):
        return [*self.command, "lsf", "--format", "stp", "--separator", " ", f"sf:{folder}"]

    def listed(self, line):
        return line.split()[-1]


class Curl:
    name = "curl"
    command = ["sh", WORKSPACE / "benches/curl.sh"]

    def prepare(self, emulator, _):
        self.environment = {"ENDPOINT": emulator.endpoint, "TOKEN": emulator.token}

    def up_file(self, local, folder):
        return [*self.command, "up-file", local, folder]

    def up_files(self, local, folder):
        return [*self.command, "up-files", local, folder]

    def down_file(self, folder, name, local):
        return [*self.command, "down-file", folder, name, local]

    def down_files(self, folder, local):
        return [*self.command, "down-files", folder, local]

    def list(self, folder):
        return [*self.command, "list", folder]

    def listed(self, line):
        return line.split()[1]


class Bench:
    """The jobs, each run by each client and checked."""

    def __init__(self, emulator_program, sdk_program, directory, scale):
        self.emulator_program = emulator_program
        self.directory = directory
        self.loader = Sdk(sdk_program)
        self.large, self.number, self.children = 1024 * MIB // scale, 5000 // scale, 100_000 // scale
        self.jobs = {
            "file-up": (f"{self.large // MIB} MiB up", self.file_up),
            "file-down": (f"{self.large // MIB} MiB down", self.file_down),
            "files-up": (f"{self.number:,} files of 4 KiB up", self.files_up),
            "files-down": (f"{self.number:,} files of 4 KiB down", self.files_down),
            "listing": (f"listing of {self.children:,} children", self.listing),
        }

    def write_content(self):
        (self.directory / "large").mkdir()
        write_file(self.directory / "large/large.bin", self.large, 1)
        self.large_digests = directory_digests(self.directory / "large")
        (self.directory / "small").mkdir()
        for number in range(self.number):
            write_file(self.directory / "small" / f"file-{number:05}.bin", 4096, 2 + number)
        self.small_digests = directory_digests(self.directory / "small")

    def run(self, job, client):
        with Emulator(self.emulator_program, self.directory / "drive") as emulator:
            client.prepare(emulator, self.directory)
            self.loader.prepare(emulator, self.directory)
            return self.jobs[job][1](client, emulator)

    def load(self, command):
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    def measure(self, client, command, **options):
        return measure(command, self.directory, client.environment, **options)

    def check(self, client, found, expected):
        if found != expected:
            wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
            fail(f"{client.name}: {len(wrong)} of {len(expected)} differ, such as {wrong[:3]}")

    def file_up(self, client, emulator):
        usage = self.measure(client, client.up_file(self.directory / "large/large.bin", "bench"))
        self.check(client, emulator.digests("/bench"), self.large_digests)
        return usage

    def file_down(self, client, _):
        self.load(self.loader.up_files(self.directory / "large", "bench"))
        local = self.directory / "large.down"
        usage = self.measure(client, client.down_file("bench", "large.bin", local))
        self.check(client, {"large.bin": md5(local)}, self.large_digests)
        local.unlink()
        return usage

    def files_up(self, client, emulator):
        usage = self.measure(client, client.up_files(self.directory / "small", "bench"))
        self.check(client, emulator.digests("/bench"), self.small_digests)
        return usage

    def files_down(self, client, _):
        self.load(self.loader.up_files(self.directory / "small", "bench"))
        local = self.directory / "small.down"
        usage = self.measure(client, client.down_files("bench", local))
        self.check(client, directory_digests(local), self.small_digests)
        shutil.rmtree(local)
        return usage

    def listing(self, client, emulator):
        emulator.fill("/bench", self.children, 1)
        with open(self.directory / "listed", "w+") as listed:
            usage = self.measure(client, client.list("bench"), output=listed)
            listed.seek(0)
            found = {client.listed(line): True for line in listed}
        self.check(client, found, {f"file-{number:06}.txt": True for number in range(self.children)})
        return usage


def median(usages):
    return [statistics.median(getattr(usage, field) for usage in usages) for field in ("wall", "cpu", "peak", "floor")]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=3, metavar="N", help="runs of each job by each client [3]")
    options.add_argument("--scale", type=int, default=1, metavar="N", help="divide all sizes, for a quick look [1]")
    options.add_argument("--job", action="append", help="run this job only; may be repeated")
    options.add_argument("--client", action="append", help="run this client only; may be repeated")
    options = options.parse_args()

    clients = ["sharesync", "rclone", "curl"]
    chosen = options.client or clients
    if set(chosen) - set(clients):
        fail(f"the clients are {', '.join(clients)}")
    require(*(client for client in chosen if client != "sharesync"), "md5sum")
    emulator_program, sdk_program = build()
    with tempfile.TemporaryDirectory(prefix="sharesync-compare-") as directory:
        bench = Bench(emulator_program, sdk_program, pathlib.Path(directory), options.scale)
        jobs = options.job or list(bench.jobs)
        if set(jobs) - set(bench.jobs):
            fail(f"the jobs are {', '.join(bench.jobs)}")
        bench.write_content()
        print(f"Median of {options.repeat}.\n")
        print("| job | client | wall s | CPU s | peak MiB |\n|---|---|---:|---:|---:|", flush=True)
        for job in jobs:
            compared = [client for client in (Sdk(sdk_program), Rclone(), Curl()) if client.name in chosen]
            usages = {client.name: [] for client in compared}
            for _ in range(options.repeat):
                for client in compared:
                    usages[client.name].append(bench.run(job, client))
            for name, used in usages.items():
                wall, cpu, peak, floor = median(used)
                peak = f"{peak:.0f}" if peak > floor else f"≤ {floor:.0f}"
                print(f"| {bench.jobs[job][0]} | {name} | {wall:.2f} | {cpu:.2f} | {peak} |", flush=True)


main()

"""What the measuring scripts share: building the programs, running the emulator, measuring a client process."""

import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass

WORKSPACE = pathlib.Path(__file__).resolve().parent.parent
MIB = 1 << 20


def fail(message):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {message}")


def require(*programs):
    """Ends with a message when a program is missing."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        fail(f"not installed: {', '.join(missing)}")


def build(example="mirror"):
    """Builds the release programs; the paths of the emulator and of an example."""
    require("cargo")
    command = ["cargo", "build", "--release", "--quiet", "--workspace", "--message-format=json"]
    command += ["--bin", "sharesync-emulator", "--example", example]
    built = subprocess.run(command, cwd=WORKSPACE, stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        fail("the release build failed")
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    programs = {m["target"]["name"]: m["executable"] for m in messages if m.get("executable")}
    return programs["sharesync-emulator"], programs[example]


class Emulator:
    """The emulator with an empty drive in a directory, until the `with` ends."""

    def __init__(self, program, directory, *arguments):
        self.directory = pathlib.Path(directory)
        command = [program, "--listen", "127.0.0.1:0", "--directory", self.directory, *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.address, self.accounts = ready["listening"], ready["providers"]
        account = self.accounts["sharefile"]
        self.endpoint, self.token = account["endpoint"], account["token"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory)

    def write_config(self, file):
        """Writes a configuration for the example mirror, with the emulator as the store `emulated`."""
        lines = ["[stores.emulated]", 'provider = "sharefile"']
        lines += [f"endpoint = {json.dumps(self.endpoint)}", f"access_token = {json.dumps(self.token)}"]
        pathlib.Path(file).write_text("\n".join(lines) + "\n")

    def fill(self, path, files, size):
        """Makes a folder with files in it."""
        query = urllib.parse.urlencode({"path": path, "files": files, "size": size})
        urllib.request.urlopen(urllib.request.Request(f"{self.address}/_emulator/fill?{query}", method="POST")).close()

    def digests(self, path):
        """The MD5 that the emulator computed of what it stores, for each file in a folder, by name."""
        folder = self.ask(f"Items/ByPath?{urllib.parse.urlencode({'path': path})}")["Id"]
        children = self.ask(f"Items({folder})/Children?$select=Name,Hash")["value"]
        return {child["Name"]: child["Hash"] for child in children}

    def ask(self, operation):
        request = urllib.request.Request(
            f"{self.endpoint}/sf/v3/{operation}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@dataclass
class Usage:
    """What a client process and the processes it waited for used: seconds, seconds, MiB."""

    wall: float
    cpu: float
    peak: float
    # The system reports no lower peak than this.
    floor: float


def measure(command, directory, environment=None, output=subprocess.DEVNULL):
    """Runs a client to its successful end."""
    result, complaints = directory / "usage", directory / "stderr"
    with open(complaints, "w") as stderr:
        done = subprocess.run(
            [sys.executable, "-S", "-E", WORKSPACE / "benches/measure.py", result, *command],
            cwd=directory,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=stderr,
        )
    if done.returncode != 0:
        command = " ".join(map(str, command))
        fail(f"`{command}` ended with {done.returncode}:\n{complaints.read_text()[-4000:]}")
    wall, cpu, peak, floor = map(float, result.read_text().split())
    return Usage(wall, cpu, peak / 1024, floor / 1024)


def write_file(path, size, seed):
    """Writes pseudo-random bytes, the same for the same seed."""
    source = random.Random(seed)
    with open(path, "wb") as file:
        while size > 0:
            piece = min(size, MIB)
            file.write(source.randbytes(piece))
            size -= piece


def md5(path):
    digest, block = hashlib.md5(), bytearray(MIB)
    with open(path, "rb", buffering=0) as file:
        while read := file.readinto(block):
            digest.update(memoryview(block)[:read])
    return digest.hexdigest()


def directory_digests(directory):
    """The MD5 of each file in a directory, by name."""
    return {entry.name: md5(entry.path) for entry in os.scandir(directory)}

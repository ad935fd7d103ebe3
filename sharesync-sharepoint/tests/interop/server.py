"""A server of Windows sign-in, as pyspnego judges it, and for Kerberos the library of MIT below it.

It prints one line of JSON when it is ready: its address, and its certificate where it has one. `GET /counts` tells what
happened so far.
"""

import argparse
import base64
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import ssl
import threading

DOMAIN, USER, PASSWORD = "CONTOSO", "alice", "hush & pässword"

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("directory", type=pathlib.Path, help="for its files")
arguments.add_argument("scheme", choices=["NTLM", "Negotiate"])
arguments.add_argument("protocol", choices=["ntlm", "negotiate"])
arguments.add_argument("--tls", action="store_true", help="over TLS, with a binding to it")
arguments.add_argument("--other-binding", action="store_true", help="with a binding to another connection")
arguments.add_argument("--every-request", action="store_true", help="signs in requests, not connections")
arguments.add_argument("--proof", choices=["right", "absent", "forged", "repeated"], default="right",
                       help="what answers the last message")
options = arguments.parse_args()
directory, scheme = options.directory, options.scheme
users = directory / "users"
users.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n", encoding="utf-8")
os.environ["NTLM_USER_FILE"] = str(users)

import spnego  # noqa: E402 (it must find the file of users)
from spnego.channel_bindings import GssChannelBindings  # noqa: E402

counts = {"connections": 0, "handshakes": 0, "failures": [], "unsigned": 0, "unsigned_bytes": 0, "requests": 0}
lock = threading.Lock()
bindings = None
first_proof = None


def count(name, by=1):
    with lock:
        counts[name] += by


class Handler(http.server.BaseHTTPRequestHandler):
    """One object a connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.context, self.user = None, None
        count("connections")

    def handle_any(self):
        size = int(self.headers.get("Content-Length", 0))
        left = size
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 16))) or left
        if self.path == "/counts":
            return self.answer(200, json.dumps(counts))
        header = self.headers.get("Authorization", "")
        proof = None
        if header.startswith(scheme + " "):
            token = self.step(base64.b64decode(header[len(scheme) + 1:]))
            if self.user is None:
                return self.answer(401, "", challenge(token))
            proof = challenge(proven(token)) if token else None
        if self.user is None:
            count("unsigned")
            count("unsigned_bytes", size)
            return self.answer(401, "", scheme)
        user = self.user
        if options.every_request:
            self.context, self.user = None, None
        if self.command != "HEAD":
            count("requests")
        if self.path.endswith("/contextinfo"):
            return self.answer(200, json.dumps({"FormDigestValue": "0xD1", "FormDigestTimeoutSeconds": 1800}), proof)
        return self.answer(200, f"{user} {size}", proof)

    def step(self, token):
        """The answer to a message; `user` is set when it was the last one and is right."""
        if self.context is None or self.user is not None:
            context = spnego.server(
                hostname=host, service="HTTP", protocol=options.protocol, channel_bindings=bindings)
            self.context, self.user = context, None
        try:
            answer = self.context.step(token)
        except Exception as error:
            with lock:
                counts["failures"].append(f"{type(error).__name__}: {error}")
            self.context = None
            return b""
        if self.context.complete:
            self.user = self.context.client_principal
            count("handshakes")
        return answer or b""

    def answer(self, status, text, authenticate=None):
        body = text.encode()
        self.send_response(status)
        if authenticate:
            self.send_header("WWW-Authenticate", authenticate)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = handle_any

    def log_message(self, *_):
        pass


def challenge(token):
    return f"{scheme} {base64.b64encode(token).decode()}".strip()


def proven(token):
    """What a service sends that is not the one that it says it is, or that is."""
    global first_proof
    with lock:
        first_proof = first_proof or token
    return {
        "right": token,
        "absent": b"",
        "forged": token[:-1] + bytes([token[-1] ^ 1]),
        "repeated": first_proof,
    }[options.proof]


def certificate():
    """A certificate of this machine, which is its own authority; it and its key are written to files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def build(name, issuer, key, issuer_key, authority):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        return builder.sign(issuer_key, hashes.SHA384())

    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = build(name("an authority for a test"), name("an authority for a test"), root_key, root_key, True)
    end = build(name("localhost"), root.subject, key, root_key, False)
    pem, secret = directory / "end.pem", directory / "key.pem"
    pem.write_bytes(end.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (directory / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    digest = hashlib.sha384(end.public_bytes(serialization.Encoding.DER)).digest()
    return pem, secret, GssChannelBindings(application_data=b"tls-server-end-point:" + digest)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
host = "localhost" if options.tls else "127.0.0.1"
address = f"http://{host}:{server.server_port}"
if options.tls:
    chain, secret, bindings = certificate()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain, secret)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    address = f"https://{host}:{server.server_port}"
if options.other_binding:
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + bytes(48))
print(json.dumps({"address": address, "authority": str(directory / "root.pem")}), flush=True)
server.serve_forever()

"""A server whose connections are signed in by NTLM, as pyspnego judges it.

Arguments: the directory for its files, the scheme (NTLM or Negotiate), and `tls` or `plain`. It prints one line of JSON
when it is ready: its address, and its certificate where it has one. `GET /counts` tells what happened so far.
"""

import base64
import datetime
import hashlib
import http.server
import json
import os
import pathlib
import ssl
import sys
import threading

DOMAIN, USER, PASSWORD = "CONTOSO", "alice", "hush & pässword"

directory, scheme, security = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
users = directory / "users"
users.write_text(f"{DOMAIN}:{USER}:{PASSWORD}\n", encoding="utf-8")
os.environ["NTLM_USER_FILE"] = str(users)

import spnego  # noqa: E402 (it must find the file of users)
from spnego.channel_bindings import GssChannelBindings  # noqa: E402

counts = {"connections": 0, "handshakes": 0, "failures": [], "unsigned": 0, "unsigned_bytes": 0, "requests": 0}
lock = threading.Lock()
bindings = None


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
        if header.startswith(scheme + " "):
            token = self.step(base64.b64decode(header[len(scheme) + 1:]))
            if self.user is None:
                return self.answer(401, "", f"{scheme} {token}".strip())
        if self.user is None:
            count("unsigned")
            count("unsigned_bytes", size)
            return self.answer(401, "", scheme)
        if self.command != "HEAD":
            count("requests")
        if self.path.endswith("/contextinfo"):
            return self.answer(200, json.dumps({"FormDigestValue": "0xD1", "FormDigestTimeoutSeconds": 1800}))
        return self.answer(200, f"{self.user} {size}")

    def step(self, token):
        """The answer to a message; `user` is set when it was the last one and is right."""
        if self.context is None or self.user is not None:
            self.context, self.user = spnego.server(protocol=scheme.lower(), channel_bindings=bindings), None
        try:
            answer = self.context.step(token)
        except Exception as error:
            with lock:
                counts["failures"].append(f"{type(error).__name__}: {error}")
            self.context = None
            return ""
        if self.context.complete:
            self.user = self.context.client_principal
            count("handshakes")
        return base64.b64encode(answer or b"").decode()

    def answer(self, status, text, challenge=None):
        body = text.encode()
        self.send_response(status)
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = handle_any

    def log_message(self, *_):
        pass


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
address = f"http://127.0.0.1:{server.server_port}"
if security == "tls":
    chain, secret, bindings = certificate()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain, secret)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    address = f"https://localhost:{server.server_port}"
print(json.dumps({"address": address, "authority": str(directory / "root.pem")}), flush=True)
server.serve_forever()

"""A certificate for 127.0.0.1 that nobody trusts, unless SSL_CERT_FILE names it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

from tests.servers.process import NotHere


def make(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """The certificate's file, and a server's context with it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise NotHere("the openssl command is not installed")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    command = [openssl, *request, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context

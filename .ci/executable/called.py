"""Runs before the program inside the executable: what it cannot know there, and takes from around it otherwise."""

import os
import sys
from pathlib import Path

AUTHORITIES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Debian, Fedora, openSUSE and Alpine keep the certificates that they trust; OpenSSL knows only those of the
system it was built on."""

# What the program prints can be typed: it names the file that was called, not the place it was unpacked to.
sys.argv[0] = os.environ.pop("LOGSERVER_CALLED", sys.argv[0])

if not {"SSL_CERT_FILE", "SSL_CERT_DIR"} & os.environ.keys():
    carried = Path(sys._MEIPASS, "certifi", "cacert.pem")  # noqa: SLF001 - PyInstaller's documented name of the folder
    os.environ["SSL_CERT_FILE"] = next((path for path in AUTHORITIES if Path(path).exists()), str(carried))

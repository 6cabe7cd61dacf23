"""The proxies of the README, as they are installed: what it says for each, with addresses of a test in it."""

import getpass
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import Pair
from tests.docs.user import blocks, needs
from tests.whole.agents import until
from tests.whole.process import PATIENCE, Server, environment

_ADDRESS = "127.0.0.1:8080"

_NGINX = """
user {user};
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
{location}
    }}
}}
"""

_CADDY = """
{{
    admin off
    auto_https off
    storage file_system {folder}/storage
}}
{site}
"""


def _nginx(folder: Path, port: int, server: Server, pair: Pair) -> list[str]:
    (location,) = blocks("nginx")
    location = location.replace(_ADDRESS, f"127.0.0.1:{server.port}")
    written = _NGINX.format(
        user=getpass.getuser(), folder=folder, port=port, cert=pair.cert, key=pair.key, location=location
    )
    (folder / "nginx.conf").write_text(written, encoding="utf-8")
    return [needs("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(folder: Path, port: int, server: Server, pair: Pair) -> list[str]:
    (site,) = blocks("caddy")
    site = site.replace(_ADDRESS, f"127.0.0.1:{server.port}")
    site = site.replace(
        "logs.example.com {", f"https://127.0.0.1:{port} {{\n    bind 127.0.0.1\n    tls {pair.cert} {pair.key}"
    )
    (folder / "Caddyfile").write_text(_CADDY.format(folder=folder, site=site), encoding="utf-8")
    return [needs("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


PROXIES: dict[str, Callable[[Path, int, Server, Pair], list[str]]] = {"nginx": _nginx, "caddy": _caddy}


@contextmanager
def proxied(name: str, folder: Path, server: Server, pair: Pair) -> Iterator[int]:
    """The port at which a proxy before a server speaks HTTPS, for the length of a block."""
    folder.mkdir()
    port = _free_port()
    command = PROXIES[name](folder, port, server, pair)
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment() | homes)
        try:
            until(lambda: process.poll() is not None or _listens(port), (folder / "said").read_text)
            assert process.poll() is None, (folder / "said").read_text()
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE)
            shutil.rmtree(folder / "storage", ignore_errors=True)


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])

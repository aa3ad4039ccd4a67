# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxies a lab has: their addresses for the lab's state, and their configurations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cloudlab.paths import State
from cloudlab.pki import issue_server, new_ca

#: The last part of the proxies' address.
_HOST = 251
_PORTS = {"open": 3128, "basic": 3129, "inspecting": 3130}
_USER = "proxy-user"
INSPECTION_CA = "Cloud Sync Lab Inspection CA"


def plan(block: int, password: str) -> dict[str, dict[str, str]]:
    """Return the proxies of a lab whose addresses are 127.0.<block>.x, by name."""
    proxies = {name: {"url": f"http://127.0.{block}.{_HOST}:{port}"} for name, port in _PORTS.items()}
    proxies["basic"] |= {"username": _USER, "password": password}
    return proxies


def listener(proxy: dict[str, str]) -> tuple[str, int]:
    """Return where a proxy listens."""
    address, _, port = proxy["url"].removeprefix("http://").partition(":")
    return address, int(port)


def log_of(state: State, name: str) -> Path:
    """The file that holds a line for each target that a proxy has let through."""
    return state.logs / f"proxy-{name}.log"


def configuration(state: State, name: str, proxy: dict[str, str], ca: str, microsoft: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of one proxy.

    Args:
        state: the lab's folder.
        name: which proxy.
        proxy: its entry of plan().
        ca: the file to verify servers with.
        microsoft: the lab's data of Microsoft's side. The inspecting proxy has a certificate for its address, of a new CA which nobody
            trusts; every proxy goes there for its proxied_address too.
    """
    address, port = listener(proxy)
    config: dict[str, Any] = {"address": address, "port": port, "log": str(log_of(state, name))}
    config["moved"] = {microsoft["proxied_address"]: microsoft["address"]}
    if "password" in proxy:
        config["credentials"] = f"{proxy['username']}:{proxy['password']}"
    if name == "inspecting":
        config["inspection"] = {"ca": ca, **_issue(state.path / "inspection", microsoft["address"])}
    return config


def _issue(folder: Path, inspected: str) -> dict[str, str]:
    """Make the CA, and a certificate that proxy.py takes from <address>.pem instead of having openssl make one.

    That one would come without its issuer's, and Wine takes a chain that leads nowhere for a good one.
    """
    folder.mkdir(mode=0o700)
    ca = new_ca(INSPECTION_CA)
    leaf = issue_server(ca, [inspected])
    (folder / f"{inspected}.pem").write_bytes(leaf.certificate_pem + ca.certificate_pem)
    files = {"certificate": ca.certificate_pem, "key": ca.key_pem, "leaf_key": leaf.key_pem}
    for name, content in files.items():
        (folder / f"{name}.pem").write_bytes(content)
    return {"folder": str(folder), **{name: str(folder / f"{name}.pem") for name in files}}

# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the Ansible inventory of a lab: how its hosts are reached, and the role's variables for the lab's side of Microsoft."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from cloudlab.limits import limit
from cloudlab.windows.prefix import PWSH_HOME

#: The default forest's package publisher, as Windows prints the subject of pki's publisher.pem.
PUBLISHER = "CN=Cloud Sync Lab Publisher, O=Cloud Sync Lab, C=US"
#: Who issues the certificates of the lab's servers; the inspecting proxy's CA is another.
SERVER_ISSUER = "CN=Cloud Sync Lab TLS Root"
REGISTRATION_SCOPE = "https://proxy.cloudwebappproxy.net/registerapp/user_impersonation"
DOWNLOAD_PATH = "/Subscription/d3c8b69d-6bf7-42be-a529-3fe9c2e70c90/Connector/provisioningAgentInstaller"


def inventory(data: dict[str, Any], folder: Path) -> str:
    """Return the inventory as YAML, for the state that `lab up` has planned in this folder."""
    hosts = {host["name"]: {"ansible_host": host["address"]} for host in data["hosts"]}
    return yaml.safe_dump({"agents": {"hosts": hosts, "vars": {**_connection(data), **_role(data, folder)}}}, sort_keys=False)


def _connection(data: dict[str, Any]) -> dict[str, Any]:
    return {
        # An extra variable ansible_connection would go for tasks too that are delegated to the controller.
        "ansible_connection": "{{ lab_connection | default('winrm') }}",
        "ansible_port": 5986,
        "ansible_user": data["windows"]["user"],
        "ansible_password": data["windows"]["password"],
        "ansible_winrm_transport": "ntlm",
        "ansible_winrm_ca_trust_path": data["pki"]["ca"],
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_protocol": "https",
        "ansible_psrp_ca_cert": data["pki"]["ca"],
        # Seconds that an async task has to start in, and an answer to come in: the defaults are for hosts that have a processor to
        # themselves.
        "ansible_win_async_startup_timeout": limit(),
        "ansible_winrm_read_timeout_sec": limit(),
        "ansible_psrp_read_timeout": limit(),
        "ansible_psrp_connection_timeout": limit(),
        # A question for output that has had no answer for so long is asked again.
        "ansible_psrp_operation_timeout": 60,
        # ansible-core 2.21 looks its interpreter up on the PATH, where Wine finds no exact names: so the inventory names its path.
        "ansible_pwsh_interpreter": PWSH_HOME + r"\pwsh.exe",
    }


def _role(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    microsoft = data["microsoft"]
    return {
        "provisioning_agent_cloud": {
            "name": "Lab",
            "authority": microsoft["url"],
            "graph": microsoft["url"] + "/graph",
            "registration_scope": REGISTRATION_SCOPE,
            "download_url": microsoft["url"] + DOWNLOAD_PATH,
        },
        "provisioning_agent_ca_path": data["pki"]["ca"],
        "provisioning_agent_tenant_id": microsoft["tenant"]["id"],
        "provisioning_agent_sign_in": {
            "method": "password",
            "username": microsoft["user"]["upn"],
            "password": microsoft["user"]["password"],
        },
        "provisioning_agent_domains": [
            {
                "name": microsoft["forest"]["domain"],
                "username": microsoft["forest"]["admin"],
                "password": microsoft["forest"]["password"],
            }
        ],
        "provisioning_agent_endpoint_issuers": [SERVER_ISSUER],
        "provisioning_agent_publisher": [PUBLISHER],
        "provisioning_agent_root_thumbprints": [data["pki"]["publisher_root"]],
        # Labs that start from one snapshot have one tenant, and would wait for each other's registrations.
        "provisioning_agent_lock_dir": str(folder / "locks"),
        # What takes long on a busy machine works all the same.
        "provisioning_agent_download_timeout": limit(),
        "provisioning_agent_install_timeout": limit(),
        "provisioning_agent_register_timeout": limit(),
        "provisioning_agent_probe_timeout": limit(),
        "provisioning_agent_reboot_timeout": limit(),
        "provisioning_agent_wait": limit(),
    }

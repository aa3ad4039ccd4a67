# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' argument specifications, as ansible's argument_spec has them.

An action plugin validates with these on the controller; tests/unit/test_documentation.py holds them equal to the DOCUMENTATION
of the module of the same name.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._agent.certificate import RENEWAL_DAYS
from .._agent.settings import SETTINGS
from .._checks.network import CERTIFICATE_ISSUERS
from .._package.proof import (
    MICROSOFT_PUBLISHER,
    MICROSOFT_ROOTS,
    PRODUCT_NAMES,
)
from .._sign_in.access import AZURE_CLI
from .._sign_in.cache import CACHE_PATH
from .._sign_in.options import sign_in_spec

Spec = dict[str, dict[str, t.Any]]

#: Where a package lies on the host unless an option says otherwise; agent_download makes the folder for administrators only.
PACKAGE_PATH = r"C:\ProgramData\entra_ops\cloud_sync\AADConnectProvisioningAgentSetup.exe"

#: Where the controller keeps what it has downloaded for its hosts.
PACKAGE_CACHE = "~/.ansible/entra_ops.cloud_sync/packages"

#: Where the locks are that keep hosts from registering at the same time.
LOCK_DIR = "~/.ansible/entra_ops.cloud_sync/locks"

CLOUD: Spec = {
    "ca_path": {"type": "path"},
    "cloud": {"type": "raw", "default": "AzureCloud"},
    "request_timeout": {"type": "int", "default": 30},
}

HOST: Spec = {
    "execution_timeout": {"type": "int", "default": 900},
}

SIGN_IN: Spec = {
    "sign_in": sign_in_spec(),
    "tenant_id": {"type": "str"},
}

PACKAGE: Spec = {
    "accept_eula": {"type": "bool", "default": False},
    "minimum_size": {"type": "int", "default": 1048576},
    "product_names": {"type": "list", "elements": "str", "default": list(PRODUCT_NAMES)},
    "publisher": {"type": "list", "elements": "str", "default": [MICROSOFT_PUBLISHER]},
    "root_thumbprints": {"type": "list", "elements": "str", "default": list(MICROSOFT_ROOTS)},
    "sha256": {"type": "str"},
    "version": {"type": "str"},
}

#: Named as in ansible.windows.
PROXY: Spec = {
    "proxy_password": {"type": "str", "no_log": True},
    "proxy_url": {"type": "str"},
    "proxy_use_default_credential": {"type": "bool", "default": False},
    "proxy_username": {"type": "str"},
    "use_proxy": {"type": "bool", "default": True},
}

SPECS: dict[str, Spec] = {
    "agent_download": {
        **CLOUD,
        **HOST,
        **PACKAGE,
        **PROXY,
        "cache_dir": {"type": "path", "default": PACKAGE_CACHE},
        "dest": {"type": "str", "default": PACKAGE_PATH},
        "force": {"type": "bool", "default": False},
        "retries": {"type": "int", "default": 5},
        "source": {"type": "str", "choices": ["host", "controller", "file", "share"], "default": "host"},
        "src": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "latest"], "default": "present"},
        "timeout": {"type": "int", "default": 900},
        "url": {"type": "str"},
    },
    "agent_install": {
        **HOST,
        **PACKAGE,
        "environment_name": {"type": "str"},
        "path": {"type": "str", "default": PACKAGE_PATH},
        "settings": {"type": "dict", "options": SETTINGS},
        "state": {"type": "str", "choices": ["present", "latest", "repaired", "absent"], "default": "present"},
        "timeout": {"type": "int", "default": 1800},
    },
    "agent_options": {
        "entry_point": {"type": "str", "choices": ["main", "verify", "remove"], "default": "main"},
    },
    "agent_register": {
        **CLOUD,
        **HOST,
        **SIGN_IN,
        "certificate_renewal_days": {"type": "int", "default": RENEWAL_DAYS},
        "domains": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "password": {"type": "str", "required": True, "no_log": True},
                "preferred_domain_controllers": {"type": "list", "elements": "str", "default": []},
                "username": {"type": "str", "required": True},
            },
        },
        "force": {"type": "bool", "default": False},
        "gmsa": {
            "type": "dict",
            "options": {
                "name": {"type": "str"},
                "password": {"type": "str", "no_log": True},
                "username": {"type": "str"},
            },
        },
        "lock_dir": {"type": "path", "default": LOCK_DIR},
        "lock_timeout": {"type": "int", "default": 3600},
        "preflight": {"type": "bool", "default": True},
        "sign_in": {**SIGN_IN["sign_in"], "required": True},
        "tenant_id": {"type": "str", "required": True},
        "timeout": {"type": "int", "default": 600},
    },
    "agent_report": {
        "dest": {"type": "path", "required": True},
    },
    "agent_verify": {
        **CLOUD,
        **HOST,
        **SIGN_IN,
        "cloud_check": {"type": "str", "choices": ["required", "best_effort", "off"], "default": "best_effort"},
        "endpoint_issuers": {"type": "list", "elements": "str", "default": list(CERTIFICATE_ISSUERS)},
        "endpoints": {"type": "list", "elements": "str"},
        "events_since": {"type": "int", "default": 24},
        "expect": {
            "type": "dict",
            "options": {
                "certificate_renewal_days": {"type": "int", "default": RENEWAL_DAYS},
                "domains": {"type": "list", "elements": "str", "default": []},
                "minimum_certificate_days": {"type": "int", "default": 30},
                "service_account": {"type": "str"},
                "tenant_id": {"type": "str"},
                "version": {"type": "str"},
            },
            "apply_defaults": True,
        },
        "prerequisites": {"type": "bool", "default": True},
        "probe_timeout": {"type": "int", "default": 10},
        "registration_check": {"type": "bool", "default": False},
        "settings": {"type": "dict", "options": SETTINGS},
        "fail_on": {"type": "str", "choices": ["fail", "warn", "never"], "default": "fail"},
        "sync_check": {"type": "str", "choices": ["required", "best_effort", "off"], "default": "best_effort"},
        "wait": {"type": "int", "default": 0},
    },
    "sign_in": {
        **CLOUD,
        "cache_path": {"type": "path", "default": CACHE_PATH},
        "client_id": {"type": "str", "default": AZURE_CLI},
        "force": {"type": "bool", "default": False},
        "tenant_id": {"type": "str", "required": True},
        "username": {"type": "str"},
    },
}

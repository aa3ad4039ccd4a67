# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say through which proxy the package is downloaded."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of whoever downloads the package; named as in ansible.windows."""

    DOCUMENTATION = r"""
options:
  proxy_password:
    description:
      - The password that goes with O(proxy_username).
    type: str
  proxy_url:
    description:
      - The proxy to download through, such as V(http://proxy.corp.example.com:8080), without a user name or password.
      - Without it the host's own proxy is used, that of machine.config, of Windows' Internet options for all users (the policy
        C(ProxySettingsPerUser)), of those of the user that Ansible signs in as, of C(netsh winhttp), in this
        order; or for O(source=controller) the one in the controller's environment (C(https_proxy)).
    type: str
  proxy_use_default_credential:
    description:
      - Whether the host signs in to the proxy with the account that Ansible uses on it. Over WinRM that takes CredSSP, Kerberos
        delegation or C(become).
      - Not for O(source=controller).
    type: bool
    default: false
  proxy_username:
    description:
      - The account to sign in to the proxy with.
    type: str
  use_proxy:
    description:
      - V(false) downloads without any proxy, not even the host's own.
    type: bool
    default: true
"""

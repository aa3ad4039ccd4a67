# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say which cloud is used and how the controller reaches it."""

from __future__ import annotations


class ModuleDocFragment:
    """Options shared by the modules that talk to Microsoft's services."""

    DOCUMENTATION = r"""
options:
  ca_path:
    description:
      - Path on the controller to a file of CA certificates (PEM) for the HTTPS requests that the controller makes itself.
      - Needed where a proxy inspects TLS. Without it the CA bundle of the Python package C(certifi) is used.
    type: path
  cloud:
    description:
      - Which of Microsoft's clouds the tenant lives in, V(AzureCloud), V(AzureUSGovernment), V(AzureUSGovernmentDoD) or
        V(AzureChinaCloud).
      - For a private or test cloud a dictionary with the keys C(name), C(authority), C(graph), C(registration_scope),
        C(download_url), which all are addresses that start with C(https://), and C(endpoints), a list of what a host must reach
        (C(HOST:PORT), C({tenant_id}) stands for the tenant's id).
    type: raw
    default: AzureCloud
  request_timeout:
    description:
      - How many seconds one HTTPS request of the controller may take. A listing, which takes many, may take 20 times as long.
    type: int
    default: 30
"""

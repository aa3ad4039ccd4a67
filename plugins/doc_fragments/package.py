# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that say what an installer package must be before it may run."""

from __future__ import annotations


class ModuleDocFragment:
    """Options shared by the modules that handle the package."""

    DOCUMENTATION = r"""
options:
  accept_eula:
    description:
      - Set it to V(true) to accept the licence terms of the agent, which the Entra admin center shows before a download.
      - Nothing is fetched or installed without it.
    type: bool
    default: false
  minimum_size:
    description:
      - The least size of a package in bytes; anything smaller is an error page or a broken transfer.
    type: int
    default: 1048576
  product_names:
    description:
      - The product names that the package's version resource may carry. Microsoft's download host serves sibling products under
        nearly the same address.
    type: list
    elements: str
    default:
      - Microsoft Azure AD Connect Provisioning Agent Package
      - Microsoft Azure AD Connect Provisioning Agent
      - Microsoft Entra Provisioning Agent Package
      - Microsoft Entra Provisioning Agent
      - Microsoft Entra Connect Provisioning Agent Package
      - Microsoft Entra Connect Provisioning Agent
  publisher:
    description:
      - The subjects of the certificates that the package may be signed with, as Windows prints them.
    type: list
    elements: str
    default:
      - CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US
  root_thumbprints:
    description:
      - The SHA-1 thumbprints of the root certificates that the signature may end in. The default are Microsoft's.
    type: list
    elements: str
    default:
      - 3B1EFD3A66EA28B16697394703A72CA340A05BD5
      - 8F43288AD272F3103B6FB1428485EA3014C0BCFE
      - F40042E2E5F7E8EF8189FED15519AECE42C3BFA2
  sha256:
    description:
      - The package's SHA-256. Microsoft publishes none, so record the one of a package that you have tested.
    type: str
  version:
    description:
      - The oldest version that will do, such as V(1.1.2334.0). Without it any version will.
    type: str
"""

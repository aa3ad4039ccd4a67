# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's side of the lab: download host, sign-in, Graph, registration service, and a control interface for tests.

Left out: consent and admin pages, client authentication by certificate (an agent's heartbeat is believed), the relay over
Service Bus, synchronization jobs, and keeping anything over a restart.
"""

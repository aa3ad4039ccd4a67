# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option "sign_in": what Ansible specifies of it, and what else is checked before anybody is asked.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t

from .._core.clouds import resolve_cloud
from .._core.errors import ConfigurationError
from .._run.store import RUN_STORE
from .access import AZURE_CLI, Access, SignIn
from .methods import METHODS

Spec = dict[str, t.Any]


def sign_in_spec() -> Spec:
    """Return the option as Ansible specifies it: the suboptions of all methods. read_sign_in says which of them each requires."""
    options: Spec = {"client_id": {"type": "str", "default": AZURE_CLI}, "method": _method()}
    for method in METHODS.values():
        options.update({name: dict(spec) for name, spec in method.options.items()})
    return {"type": "dict", "options": dict(sorted(options.items()))}


def _method() -> Spec:
    return {"type": "str", "choices": sorted(METHODS), "required": True}


def read_sign_in(options: t.Mapping[str, t.Any]) -> SignIn:
    """Check the option "sign_in".

    Raises:
        ConfigurationError: what the method needs is missing.
    """
    specs = {name: spec for name, spec in sign_in_spec()["options"].items() if name != "method"}
    # Ansible hands in tagged strings; msal gets plain ones.
    values = {name: str(options.get(name) or spec.get("default") or "") for name, spec in specs.items()}
    sign_in = SignIn(str(options["method"]), {name: value for name, value in values.items() if value})
    for problem in _problems(sign_in):
        raise ConfigurationError(f"'sign_in' has the method {sign_in.method} and {problem}.")
    METHODS[sign_in.method].check(sign_in)
    return sign_in


def _problems(sign_in: SignIn) -> t.Iterator[str]:
    method = METHODS.get(sign_in.method)
    if method is None:
        yield f"that is not known: write one of {', '.join(sorted(METHODS))}"
        return
    own = {**sign_in.values, "client_id": "" if sign_in.client_id == AZURE_CLI else sign_in.client_id}
    missing = [name for name in method.required if not own.get(name)]
    if missing:
        yield f"no {' and no '.join(missing)}: give it"
    problem = method.problem(sign_in)
    if problem:
        yield problem


def tenant_access(options: t.Mapping[str, t.Any]) -> Access | None:
    """Return the access to the tenant, None when the task has no sign-in or no tenant.

    Args:
        options: sign_in, cloud, tenant_id, ca_path and request_timeout of a module.

    Raises:
        ConfigurationError: the sign-in or the cloud is described wrongly.
    """
    if not options["sign_in"] or not options["tenant_id"]:
        return None
    sign_in, cloud = read_sign_in(options["sign_in"]), resolve_cloud(options["cloud"])
    return Access(sign_in, cloud, str(options["tenant_id"]), options["ca_path"], options["request_timeout"], RUN_STORE)

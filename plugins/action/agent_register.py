# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_register: signs in, sets the service account, adds the domains, restarts the agent."""

from __future__ import annotations

import contextlib
import time
import typing as t

from ..plugin_utils._agent.answers import RegisterAnswer
from ..plugin_utils._agent.facts import HostFacts
from ..plugin_utils._agent.installation import is_complete
from ..plugin_utils._agent.registration import (
    RegistrationPlan,
    described_registration,
    judge_registration,
    plan_registration,
    registration_mark,
    session_request,
)
from ..plugin_utils._checks.directory import DELEGATE, account_problems, delegation_problem
from ..plugin_utils._core.errors import AgentError, RegistrationError
from ..plugin_utils._host.connection import LostConnectionError, is_connection_error, lost_reason, reconnect
from ..plugin_utils._host.payload import load_session
from ..plugin_utils._host.probe import host_probe
from ..plugin_utils._host.terminal import display
from ..plugin_utils._run.notes import note_registration
from ..plugin_utils._run.registration_lock import registration_lock
from ..plugin_utils._sign_in.access import Access
from ..plugin_utils._sign_in.acquire import acquire
from ..plugin_utils._sign_in.options import tenant_access
from ..plugin_utils._sign_in.token import Token
from ..plugin_utils._task.action import AgentAction, Options, Result

_POLL_SECONDS = 5


class ActionModule(AgentAction):
    """Reads the host, plans, and registers only where the host is not as wanted."""

    MODULE = "agent_register"
    RETURNS: t.ClassVar[Result] = {
        "agent_id": None,
        "certificate": None,
        "domains": None,
        "gmsa": None,
        "proxy": None,
        "reasons": [],
        "steps": [],
        "tenant_id": None,
    }

    def _agent_run(self, options: Options, result: Result) -> None:
        access = t.cast(Access, tenant_access(options))  # both options that it needs are required
        facts, plan = self._agent_plan(options, result)
        if plan.reasons and self._task.check_mode:
            self._agent_predict(access, plan, result)
        elif plan.reasons:
            with self._agent_lock(options) as waited:
                if waited:  # another playbook may have registered this very host meanwhile
                    facts, plan = self._agent_plan(options, result)
                if plan.reasons:
                    self._agent_register_locked(options, access, plan, facts, result)
        if not plan.reasons:
            result["msg"] = f"The agent is registered to {result['tenant_id']} and serves its domains."

    def _agent_plan(self, options: Options, result: Result) -> tuple[HostFacts, RegistrationPlan]:
        """Read the host, and decide what is to be done there."""
        account = (options["gmsa"] or {}).get("name")
        probe = host_probe(account) if options["preflight"] else ""
        parameters = {"DomainSession": load_session("domains"), "Platform": probe}
        facts = self._agent_payload("facts", HostFacts, parameters).content
        result.update(described_registration(facts, facts.domains))
        # In check mode the installation has only been predicted: what it would leave still shows what is to be registered.
        if not is_complete(facts) and not self._task.check_mode:
            raise RegistrationError(f"The agent is not installed on {self._agent_host}: run agent_install first.")
        plan = plan_registration(facts, options)
        result["reasons"] = list(plan.reasons)
        if plan.set_account and options["preflight"]:
            self._agent_preflight(account_problems(facts, account))
        if plan.signs_in and options["preflight"]:
            self._agent_warn_of_logon(facts, account)
        return facts, plan

    def _agent_register_locked(self, options: Options, access: Access, plan: RegistrationPlan, facts: HostFacts, result: Result) -> None:
        """Register while no other host does."""
        # A token that was fetched before the wait might be over after it.
        token = self._agent_token(access) if plan.signs_in else None
        deadline = time.monotonic() + options["timeout"]
        try:
            self._agent_register(options, plan, facts, token, result)
        except Exception as error:
            if not is_connection_error(error):
                raise
            self._agent_wait_for_registration(options, deadline)
            raise LostConnectionError(
                f"The connection to {self._agent_host} was lost while it registered ({lost_reason(error)}), which may have gone on there. "
                "Run this again: what is done already is left alone."
            ) from error

    def _agent_preflight(self, problems: list[str]) -> None:
        """Refuse to begin what cannot end well: a registration that breaks off at its account has signed in and changed things by then."""
        if problems:
            raise RegistrationError(
                f"The service account cannot be set on {self._agent_host}: {' '.join(problems)} If that is wrong, set 'preflight: false'."
            )

    def _agent_warn_of_logon(self, facts: HostFacts, account: str | None) -> None:
        """Say beforehand what a session without credentials to use further cannot do: the agent's module says little of it."""
        problem = delegation_problem(facts)
        if problem:
            what = f"setting up the service account {account}" if account else "what the agent's module looks up in the directory"
            display.warning(f"{self._agent_host}: {problem}. If {what} fails, {DELEGATE}.")

    def _agent_predict(self, access: Access, plan: RegistrationPlan, result: Result) -> None:
        """Say what would be done; a sign-in that would be refused is part of the truth."""
        if plan.signs_in:
            self._agent_token(access)
        result.update(changed=True, msg=f"The agent would be registered: {'; '.join(plan.reasons)}.")

    def _agent_wait_for_registration(self, options: Options, deadline: float) -> None:
        """Keep the lock after the connection was lost, until the host says that the registration has ended there or its time is over."""
        display.warning(f"The connection to {self._agent_host} is lost while it registers: no other host begins before that has ended.")
        while time.monotonic() < deadline:
            try:
                reconnect(self._connection, options["execution_timeout"])
                if not self._agent_payload("facts", HostFacts, {}).content.installing:
                    return
            except AgentError as error:
                display.vvv(f"{self._agent_host} does not say yet whether it registers ({error}).")
            except Exception as error:
                if not is_connection_error(error):
                    raise
            time.sleep(_POLL_SECONDS)

    def _agent_lock(self, options: Options) -> contextlib.AbstractContextManager[bool]:
        """Return the lock that lets one host register at a time; who holds it is shown, since the wait may be long."""

        def announce(holder: str) -> None:
            display.display(f"{self._agent_host} waits for the registration lock, which {holder} holds.")

        return registration_lock(
            options["tenant_id"], self._agent_host, options["lock_dir"], on_wait=announce, timeout=options["lock_timeout"]
        )

    def _agent_token(self, access: Access) -> Token:
        """Return the run's token, and keep it out of the result."""
        token = acquire(access, "registration")
        self._agent_mask(token.value)
        return token

    def _agent_register(
        self, options: Options, plan: RegistrationPlan, before: HostFacts, token: Token | None, result: Result
    ) -> None:
        """Run the module's cmdlets on the host, restart the service, and write how that has ended."""
        parameters = {
            "Session": load_session("register") if token else "",
            "Restart": plan.restart,
            "TimeoutSeconds": options["timeout"],
        }
        secret = {"Request": self._agent_json(session_request(options, plan, token.value, token.upn))} if token else None
        # From here on the host is about to change; the payload's own word replaces this one.
        result["changed"] = True
        reply = self._agent_payload("register", RegisterAnswer, parameters, secret, seconds=options["timeout"])
        note_registration()
        # Which of the module's steps registers is not documented, so the outcome counts and not the steps alone.
        changed = reply.changed or registration_mark(reply.content.facts) != registration_mark(before)
        verdict = judge_registration(reply.content, options["certificate_renewal_days"], self._agent_host)
        result.update(changed=changed, **verdict.found)
        if verdict.problem:
            raise RegistrationError(verdict.problem)
        result["msg"] = f"The agent is registered to {result['tenant_id']}."

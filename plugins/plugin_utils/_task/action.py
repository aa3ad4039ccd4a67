# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base class of the collection's action plugins.

It validates on the controller, runs payloads on the host through ansible.windows.win_powershell, keeps secrets out of the
result, and turns the collection's own errors into a failed result with the same keys as a successful one.

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import traceback
import typing as t
from collections.abc import Iterator
from functools import partial

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:
    register_secrets = None

from .._core.errors import AgentError, ConfigurationError, RemoteError
from .._core.parsing import parse_answer
from .._core.plain_text import plain
from .._core.redaction import MASK, mask_addresses
from .._host.connection import close_within, execute_within
from .._host.detached import DetachedJob
from .._host.failure import failure_reason
from .._host.payload import load_payload
from .._host.terminal import display
from .._options.role import may_carry_secret
from .._options.specs import SPECS
from .._options.texts import read_texts
from .._options.validators import require_valid

Options = dict[str, t.Any]
Result = dict[str, t.Any]

Content = t.TypeVar("Content")

_WIN_POWERSHELL = "ansible.windows.win_powershell"


@dataclasses.dataclass(frozen=True)
class Reply(t.Generic[Content]):
    """What a payload answers with, and whether it changed the host."""

    content: Content
    changed: bool


class AgentAction(ActionBase):  # type: ignore[misc]  # ansible-core ships no type information
    """What the action plugins share. A plugin sets MODULE and RETURNS, and implements _agent_run."""

    #: The module's name, as in SPECS.
    MODULE: t.ClassVar[str]
    #: Every key the module returns besides changed, failed and msg, with the value it has until it is known.
    RETURNS: t.ClassVar[Result]
    #: Keys that another task takes as they are, so that no address in them may be masked: nothing in them is a secret.
    HANDED_ON: t.ClassVar[tuple[str, ...]] = ()

    #: Seconds for one remote execution: the option, and what counts for the one that runs. A task that is refused asks no host.
    _execution_timeout = _seconds = 0

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Validate the task's options, run the module, and return its result, however it ends."""
        # Detached work is polled by the modules themselves: the result of Ansible's own async would be the bare payload's.
        self._supports_check_mode, self._supports_async = True, False
        self._secrets: set[str] = set()
        # A module logs its options in Windows' event log, which takes 32,766 characters: a longer payload would warn in every task.
        self._task_vars = {**(task_vars or {}), "ansible_no_target_syslog": True}
        result: Result = {"changed": False, "failed": False, "msg": "", **copy.deepcopy(self.RETURNS)}
        try:
            with self._agent_hidden_arguments():
                super().run(tmp, task_vars)
                self._agent_run(self._agent_options(), result)
        except Exception as error:
            # Up to core 2.18 the words of an error that an action raises are templates to whoever uses the task's result, and may be a
            # host's. What an action returns is marked as unsafe.
            result.update(ending(error, self.MODULE))
        return t.cast(Result, _masked(self._agent_shown(result), self._secrets))

    def _agent_options(self) -> Options:
        """Return the task's options, validated."""
        self._task.args = read_texts(SPECS[self.MODULE], self._task.args)
        checked, options = self.validate_argument_spec(SPECS[self.MODULE])
        self._secrets |= checked._no_log_values
        if register_secrets is not None:
            register_secrets(sorted(self._secrets))
        self._agent_locate(options)
        require_valid(self.MODULE, options)
        self._execution_timeout = self._seconds = options.get("execution_timeout", 0)
        return t.cast(Options, options)

    def _agent_run(self, options: Options, result: Result) -> None:
        """Do the module's work and write it into the result; called with validated options.

        Raises:
            AgentError: the task fails; what the result holds by then is returned with the error's sentence.
            AnsibleConnectionFailure: the host is unreachable; likewise.
        """
        raise NotImplementedError

    @contextlib.contextmanager
    def _agent_hidden_arguments(self) -> Iterator[None]:
        """Let the task have its arguments while it runs, and hide the secret ones afterwards.

        Ansible sends a task's evaluated arguments to callbacks beside its result, unmasked, and some callbacks write them down. A task
        that is repeated (retries) runs in the same action again.
        """
        self._given = getattr(self, "_given", self._task.args)
        self._task.args = self._given
        try:
            yield
        finally:
            self._task.args = {
                name: MASK if value and may_carry_secret(self.MODULE, name) else value for name, value in self._given.items()
            }

    def _agent_shown(self, result: Result) -> Result:
        """Return the result as it may be shown: plain texts; no address, a host's or one that was given, carries a password or a key."""
        return {key: value if key in self.HANDED_ON else mask_addresses(plain(value)) for key, value in result.items()}

    def _agent_locate(self, options: Options) -> None:
        """Put the full path into an option that names a file of the controller's, as Ansible looks for it; called before validation."""

    def _agent_payload(
        self,
        name: str,
        kind: type[Content],
        parameters: Options,
        secret: Options | None = None,
        *,
        seconds: int = 0,
        detached: bool = False,
    ) -> Reply[Content]:
        """Run one payload on the host and return what it answers.

        Args:
            name: the payload, powershell/payloads/<name>.ps1.
            kind: the dataclass that its answer must fit.
            parameters: its parameters; strings, numbers, booleans or lists of strings.
            secret: parameters that arrive as secure strings.
            seconds: a time limit of its own that it keeps to; the option execution_timeout comes on top.
            detached: whether it runs as a job which survives a broken connection.

        Raises:
            ConfigurationError: a secret would be written to a file on the host.
            RemoteError: the payload ended with an error of its own, or its answer does not fit.
        """
        if secret:
            self._agent_require_pipelining(detached=detached)
        arguments = {
            "script": load_payload(name),
            "parameters": parameters,
            "sensitive_parameters": [{"name": key, "value": value} for key, value in (secret or {}).items()],
            "error_action": "stop",
        }
        answer = self._agent_detach(arguments, seconds) if detached else None
        if answer is None:
            with self._agent_allow(seconds):
                answer = self._execute_module(_WIN_POWERSHELL, module_args=arguments, task_vars=self._task_vars)
        if answer.get("failed") or "result" not in answer:
            raise RemoteError(f"The step '{name}' failed on {self._agent_host}: {failure_reason(answer)}")
        content = parse_answer(kind, answer["result"], f"The step '{name}' on {self._agent_host}")
        return Reply(content, bool(answer.get("changed")))

    def _agent_require_pipelining(self, *, detached: bool) -> None:
        """Refuse to send a secret by a connection that hands a module to the host as a file; winrm and psrp hand it over in a stream."""
        if not self._is_pipelining_enabled("new", detached):
            raise ConfigurationError(
                f"The connection '{self._connection.transport}' writes what Ansible sends to {self._agent_host} into a file there, and "
                "this step sends a secret: use the connection winrm or psrp."
            )

    def _agent_detach(self, arguments: Options, seconds: int) -> Result | None:
        """Run win_powershell as a job; None where the host cannot, and nothing has started."""
        return DetachedJob(self, self._task_vars, seconds, self._execution_timeout).run(_WIN_POWERSHELL, arguments)

    @contextlib.contextmanager
    def _agent_allow(self, seconds: int) -> Iterator[None]:
        """Give each remote execution that begins meanwhile so many seconds beyond the option execution_timeout."""
        self._seconds = self._execution_timeout + seconds
        try:
            yield
        finally:
            self._seconds = self._execution_timeout

    def _low_level_execute_command(self, *arguments: t.Any, **options: t.Any) -> Result:
        execute = partial(super()._low_level_execute_command, *arguments, **options)
        return t.cast(Result, execute_within(self._seconds, self._connection, self._agent_host, execute))

    def _transfer_file(self, local_path: str, remote_path: str) -> str:
        transfer = partial(super()._transfer_file, local_path, remote_path)
        return str(execute_within(self._seconds, self._connection, self._agent_host, transfer))

    def cleanup(self, force: bool = False) -> None:
        """End the task's use of the connection; Ansible would close it later, and wait for the host as long as that likes."""
        super().cleanup(force)
        close_within(self._execution_timeout, self._connection)

    def _agent_find(self, path: str) -> str:
        """Return where Ansible finds a file on the controller (beside the playbook, in a role's files); the path as it is, if nowhere."""
        try:
            return str(self._find_needle("files", path))
        except AnsibleError:
            return path

    def _agent_mask(self, secret: str) -> None:
        """Keep a secret that is no option (a token fetched during the task) out of the result."""
        self._secrets.add(secret)
        if register_secrets is not None:
            register_secrets([secret])

    def _agent_display(self, line: str, color: str) -> None:
        """Show a line on the terminal; nothing where the task must not show anything."""
        if not self._task.no_log:
            display.display(_masked(mask_addresses(line), self._secrets), color=color)

    @staticmethod
    def _agent_json(value: t.Any) -> str:
        """Return a value as the JSON text that payloads take for what is more than a list of strings."""
        return json.dumps(value)

    @property
    def _agent_play(self) -> str:
        """The id of the play that the task belongs to; the same for all its hosts and batches."""
        return str(self._task.get_play()._uuid)

    @property
    def _agent_host(self) -> str:
        return str(self._task_vars.get("inventory_hostname", "the host"))


def ending(error: Exception, module: str) -> Result:
    """Return what an error that ends a task makes of its result."""
    if isinstance(error, AnsibleConnectionFailure):
        return {"unreachable": True, "msg": str(error)}
    if isinstance(error, AgentError | AnsibleError):
        return {"failed": True, "msg": str(error)}
    # The trace goes where Ansible shows one, from -vvv on.
    text = f"{module} has ended with an error of its own ({type(error).__name__}: {error}): report it with the output of -vvv."
    return {"failed": True, "msg": text, "exception": "".join(traceback.format_exception(error))}


def _masked(value: t.Any, secrets: set[str]) -> t.Any:
    """Return a value without secrets. ansible-core 2.22 masks those that are registered itself, and deprecates remove_values."""
    if register_secrets is not None:
        return value
    from ansible.module_utils.basic import remove_values

    return remove_values(value, secrets)

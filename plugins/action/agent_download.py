# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_download: gets the installer package onto the host and proves it there."""

from __future__ import annotations

import contextlib
import typing as t

from ansible.errors import AnsibleError

from ..plugin_utils._core.clouds import resolve_cloud
from ..plugin_utils._core.errors import PackageError
from ..plugin_utils._host.payload import load_session
from ..plugin_utils._package.cache import url_key
from ..plugin_utils._package.download import judge_download, wants_newest
from ..plugin_utils._package.facts import DownloadAnswer
from ..plugin_utils._package.proof import package_rules
from ..plugin_utils._package.supply import CachedSupply, FileSupply, Supply
from ..plugin_utils._package.transfer import (
    Proxy,
    url_without_query,
)
from ..plugin_utils._run.notes import predict_fetch
from ..plugin_utils._task.action import AgentAction, Options, Reply, Result


class ActionModule(AgentAction):
    """Downloads, or copies, and proves."""

    MODULE = "agent_download"
    RETURNS: t.ClassVar[Result] = {
        "attempts": 0,
        "downloaded": False,
        "installed_version": None,
        "path": None,
        "proxy": None,
        "resumed": False,
        "sha256": None,
        "signature": None,
        "size": None,
        "source": None,
        "version": None,
    }

    def _agent_locate(self, options: Options) -> None:
        if options["source"] == "file" and options["src"]:
            options["src"] = self._agent_find(options["src"])

    def _agent_run(self, options: Options, result: Result) -> None:
        rules = package_rules(options, options["version"])
        origin = package_origin(options)
        result.update(path=options["dest"], source=url_without_query(origin) if options["source"] in _BY_URL else origin)
        reply = self._agent_deliver(options, rules, origin, result)
        verdict = judge_download(reply.content, options, rules, result["source"], self._agent_host)
        result.update(verdict.found, changed=result["changed"] or reply.changed)
        if verdict.problem:
            raise PackageError(verdict.problem)
        if reply.content.action == "fetch":
            result["changed"] = True
            predict_fetch(self._agent_host, options["dest"])

    def _agent_deliver(self, options: Options, rules: Options, origin: str, result: Result) -> Reply[DownloadAnswer]:
        """Get the package to the host the way that was asked for, as far as it is needed and check mode lets it."""
        mode = "probe" if self._task.check_mode else "fetch"
        if options["source"] == "host":
            parameters, secret = host_proxy(options)
            return self._agent_fetch(options, rules, origin, secret, Mode=mode, Url=origin, **parameters)
        if options["source"] == "share":
            return self._agent_fetch(options, rules, origin, Mode=mode, SharePath=origin)
        if options["source"] == "file":
            return self._agent_copy(options, rules, origin, FileSupply(origin, rules), result)
        return self._agent_copy(options, rules, origin, CachedSupply(options, origin, controller_proxy(options), rules), result)

    def _agent_fetch(
        self, options: Options, rules: Options, origin: str, secret: Options | None = None, **parameters: t.Any
    ) -> Reply[DownloadAnswer]:
        """Run the payload once."""
        common = {
            "Destination": options["dest"],
            "Expected": self._agent_json(rules),
            "PackageSession": load_session("package"),
            "SourceKey": url_key(origin),
            "InstalledVersion": rules["version"],
            "Force": options["force"],
            "Latest": wants_newest(options, rules),
            "TimeoutSeconds": options["timeout"],
            "Retries": options["retries"],
        }
        return self._agent_payload("download", DownloadAnswer, {**common, **parameters}, secret, seconds=options["timeout"])

    def _agent_copy(self, options: Options, rules: Options, origin: str, supply: Supply, result: Result) -> Reply[DownloadAnswer]:
        """Copy the controller's package, unless the host says that it needs none."""
        predict = bool(self._task.check_mode)
        try:
            if wants_newest(options, rules) and not options["force"]:
                supply.ask(predict=predict)
            mode = "probe" if predict else "prepare"
            reply = self._agent_fetch(options, rules, origin, Mode=mode, **latest(supply))
            if reply.content.action != "fetch":
                return reply
            result.update(changed=reply.changed, installed_version=reply.content.installed_version)
            path = supply.take(predict=predict)
            return reply if predict else self._agent_send(options, rules, origin, (path, reply.content.staged_path), latest(supply))
        finally:
            result.update(attempts=supply.attempts, resumed=supply.resumed)

    def _agent_send(self, options: Options, rules: Options, origin: str, paths: tuple[str, str], known: Options) -> Reply[DownloadAnswer]:
        """Put the file beside its place on the host, and let the host prove and rename it."""
        path, staged = paths
        try:
            with self._agent_allow(options["timeout"]):
                self._transfer_file(path, staged)
            return self._agent_fetch(options, rules, origin, Mode="fetch", StagedPath=staged, **known)
        except Exception:
            # The payload removes the file, but may not have come to it. A host that cannot be reached has it removed by the next run.
            with contextlib.suppress(AnsibleError):
                self._low_level_execute_command(self._connection._shell.remove(staged), sudoable=False)
            raise


def package_origin(options: Options) -> str:
    """Return the URL or the path that the package comes from."""
    if options["source"] in _BY_URL:
        return str(options["url"] or resolve_cloud(options["cloud"]).download_url)
    return str(options["src"])


def latest(supply: Supply) -> Options:
    """Return the payload's parameters for what the source has now."""
    record = supply.record
    return {"LatestSha256": record["sha256"], "LatestETag": record["etag"], "LatestModified": record["last_modified"]}


def host_proxy(options: Options) -> tuple[Options, Options]:
    """Return the payload's parameters for the proxy, the open and the secret ones."""
    parameters = {
        "UseProxy": options["use_proxy"],
        "ProxyUrl": options["proxy_url"] or "",
        "ProxyUserName": options["proxy_username"] or "",
        "ProxyUseDefaultCredential": options["proxy_use_default_credential"],
    }
    return parameters, {"ProxyPassword": options["proxy_password"]} if options["proxy_password"] else {}


def controller_proxy(options: Options) -> Proxy:
    """Return the proxy for the controller's own requests."""
    return Proxy(options["use_proxy"], options["proxy_url"], options["proxy_username"], options["proxy_password"])


_BY_URL = ("host", "controller")

# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_download: gets the installer package onto the host and proves it there."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible.errors import AnsibleError

from ..plugin_utils._core.clouds import resolve_cloud
from ..plugin_utils._core.errors import ConfigurationError, PackageError
from ..plugin_utils._host.payload import load_session
from ..plugin_utils._options.rules import require_eula, require_host_path, require_positive
from ..plugin_utils._package.cache import url_key
from ..plugin_utils._package.download import judge_download, wants_newest
from ..plugin_utils._package.facts import DownloadAnswer
from ..plugin_utils._package.proof import package_rules
from ..plugin_utils._package.supply import CachedSupply, FileSupply, Supply
from ..plugin_utils._package.transfer import (
    Proxy,
    require_https_url,
    require_proxy_url,
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
        "resumed": False,
        "sha256": None,
        "signature": None,
        "size": None,
        "source": None,
        "version": None,
    }
    RULES: t.ClassVar[dict[str, t.Any]] = {
        "required_if": [("source", "file", ("src",)), ("source", "share", ("src",))],
        "required_together": [("proxy_username", "proxy_password")],
    }

    def _agent_run(self, options: Options, result: Result) -> None:
        require_eula(options)
        require_positive(options, "timeout", "request_timeout")
        require_host_path("dest", options["dest"])
        require_transfer(options)
        rules = package_rules(options, options["version"])
        origin = self._agent_origin(options)
        result.update(path=options["dest"], source=url_without_query(origin) if options["source"] in _BY_URL else origin)
        reply = self._agent_deliver(options, rules, origin, result)
        verdict = judge_download(reply.content, options, rules, result["source"], self._agent_host)
        result.update(verdict.found, changed=result["changed"] or reply.changed)
        if verdict.problem:
            raise PackageError(verdict.problem)
        if reply.content.action == "fetch":
            result["changed"] = True
            predict_fetch(self._agent_host, options["dest"])

    def _agent_origin(self, options: Options) -> str:
        """Return the URL or the path that the package comes from, checked before the host is asked."""
        if options["source"] in _BY_URL:
            url = options["url"] or resolve_cloud(options["cloud"]).download_url
            if not url:
                raise ConfigurationError("No download URL is known for this cloud: give one in 'url', or a file in 'src'.")
            require_https_url("url", str(url))
            return str(url)
        if options["source"] == "share":
            require_host_path("src", options["src"])
            return str(options["src"])
        return self._agent_local_file(options["src"])

    def _agent_local_file(self, src: str) -> str:
        try:
            path = str(self._find_needle("files", src))
        except AnsibleError:
            path = ""
        if not os.path.isfile(path) or not os.access(path, os.R_OK):
            raise ConfigurationError(f"'src' is '{src}', which cannot be read on the controller: give the path of the package.")
        return path

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
        return self._agent_payload("download", DownloadAnswer, {**common, **parameters}, secret)

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
            self._transfer_file(path, staged)
            return self._agent_fetch(options, rules, origin, Mode="fetch", StagedPath=staged, **known)
        except Exception:
            # The payload removes the file, but may not have come to it. A host that cannot be reached has it removed by the next run.
            with contextlib.suppress(AnsibleError):
                self._low_level_execute_command(self._connection._shell.remove(staged), sudoable=False)
            raise


def require_transfer(options: Options) -> None:
    """Refuse options of the transfer that do not go together."""
    if options["retries"] < 0:
        raise ConfigurationError(f"'retries' is {options['retries']}: give the number of further tries, 0 for none.")
    require_proxy_url(options["proxy_url"])
    if options["proxy_use_default_credential"] and options["proxy_username"]:
        raise ConfigurationError("'proxy_use_default_credential' and 'proxy_username' exclude each other: give one of them.")
    if options["proxy_use_default_credential"] and options["source"] == "controller":
        raise ConfigurationError("'proxy_use_default_credential' is for hosts only: give 'proxy_username' with 'source: controller'.")


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

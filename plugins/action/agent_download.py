# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin of agent_download: gets the installer package onto the host and proves it there."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._clouds import resolve_cloud
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._errors import ConfigurationError, PackageError
from ansible_collections.entra_ops.cloud_sync.plugins.module_utils._package import package_rules, refusal_sentence
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._action import (
    AgentAction,
    Options,
    Result,
    require_eula,
    require_host_path,
    require_positive,
)
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._payload import load_payload
from ansible_collections.entra_ops.cloud_sync.plugins.plugin_utils._run_notes import predict_fetch


class ActionModule(AgentAction):
    """Downloads, or copies, and proves."""

    MODULE = "agent_download"
    RETURNS: t.ClassVar[Result] = {
        "downloaded": False,
        "installed_version": None,
        "path": None,
        "sha256": None,
        "signature": None,
        "size": None,
        "source": None,
        "version": None,
    }
    RULES: t.ClassVar[dict[str, t.Any]] = {"required_if": [("source", "file", ("src",))]}

    def _agent_run(self, options: Options, result: Result) -> None:
        require_eula(options)
        require_positive(options, "timeout")
        require_host_path("dest", options["dest"])
        rules = package_rules(options, options["version"])
        origin = self._agent_origin(options)
        result.update(path=options["dest"], source=origin)
        if options["source"] == "file":
            answer = self._agent_copy(options, rules, origin)
        else:
            answer = self._agent_fetch(options, rules, Url=origin, ProbeOnly=self._task.check_mode)
        self._agent_judge(answer, rules, result)
        if answer["action"] == "fetch":
            predict_fetch(self._agent_host, options["dest"])

    def _agent_origin(self, options: Options) -> str:
        """Return the URL, or the path on the controller, that the package comes from; both are checked before the host is asked."""
        if options["source"] == "host":
            url = options["url"] or resolve_cloud(options["cloud"]).download_url
            if not url:
                raise ConfigurationError("No download URL is known for this cloud: give one in 'url', or a file in 'src'.")
            if not str(url).lower().startswith("https://"):
                raise ConfigurationError(f"'url' is '{url}': give an address that starts with https://.")
            return str(url)
        try:
            path = str(self._find_needle("files", options["src"]))
        except AnsibleError:
            path = ""
        if not os.path.isfile(path) or not os.access(path, os.R_OK):
            raise ConfigurationError(
                f"'src' is '{options['src']}', which cannot be read on the controller: give the path of the package."
            )
        return path

    def _agent_fetch(self, options: Options, rules: Options, **parameters: t.Any) -> dict[str, t.Any]:
        """Run the payload once."""
        return self._agent_payload(
            "download",
            {
                "Destination": options["dest"],
                "Expected": self._agent_json(rules),
                "PackageSession": load_payload("package_session"),
                "InstalledVersion": rules["version"],
                "Force": options["force"],
                "TimeoutSeconds": options["timeout"],
                **parameters,
            },
        )

    def _agent_copy(self, options: Options, rules: Options, path: str) -> dict[str, t.Any]:
        """Copy the controller's file, unless the host says that it needs none."""
        answer = self._agent_fetch(options, rules, ProbeOnly=True)
        if answer["action"] != "fetch" or self._task.check_mode:
            return answer
        shell = self._connection._shell
        folder = shell.tmpdir or self._make_tmp_path()
        try:
            staged = self._transfer_file(path, shell.join_path(folder, "package.exe"))
            return self._agent_fetch(options, rules, StagedPath=staged)
        finally:
            self._remove_tmp_path(folder)

    def _agent_judge(self, answer: dict[str, t.Any], rules: Options, result: Result) -> None:
        """Turn the payload's answer into the result; a refused package is a failure."""
        package = answer["package"] or {}
        keys = ("size", "sha256", "version", "signature")
        result.update({key: package.get(key) for key in keys}, installed_version=answer["installed_version"])
        result["changed"] = answer["action"] == "fetch" or answer["changed"]
        result["downloaded"] = answer["action"] == "fetched" and not answer["error"] and not package["refusal"]
        if answer["error"]:
            raise PackageError(
                f"The package could not be fetched from {result['source']} by {self._agent_host}: {answer['error']}. "
                "Check the host's way to that address (proxy, firewall, name resolution), then run it again."
            )
        if package.get("refusal"):
            raise PackageError(refusal_sentence(package, rules))
        result["msg"] = _MESSAGES[answer["action"]].format(**{**result, "installed": answer["installed_version"]})


_MESSAGES = {
    "installed": "The host already runs {installed}: no package is needed.",
    "present": "The package {path} ({version}) is there and proven.",
    "fetch": "The package would be fetched from {source}.",
    "fetched": "The package {path} ({version}) was fetched and proven.",
}

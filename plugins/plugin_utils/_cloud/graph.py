# Copyright (c) 2026 entra_ops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads provisioning agents, their groups and sync configurations from Microsoft Graph (beta, the only version that has agents).

FOR INTERNAL COLLECTION USE ONLY: this file may change in any release.
"""

from __future__ import annotations

import typing as t
import urllib.parse

from .._core.errors import GraphError
from .._core.http import Session, advised, requests, timed_out
from .._sign_in.token import Token
from .shapes import AGENT, GROUP, JOB, PRINCIPAL, Shape, ShapeError, shaped

_PROFILE = "/beta/onPremisesPublishingProfiles/provisioning"
_PRINCIPALS = "/beta/servicePrincipals"
#: The gallery application that every configuration from Active Directory to Microsoft Entra ID is made of.
_TEMPLATE = "1a4721b3-e57f-4451-ae87-ef078703ec94"
_RETRIES = 4
_ADVICE = "Check 'cloud', 'ca_path' and the proxy."
#: The limits of one listing: Graph's pages hold 100 items and more.
_MOST_PAGES = 1000
_MOST_BYTES = 64 * 1024 * 1024
#: What a refused sign-in is not permitted to do, and what would permit it. Scope and directory role count both.
_AGENTS = "read agents; give its user the role Hybrid Identity Administrator"
_JOBS = (
    "read synchronization jobs; give its client the permissions Synchronization.Read.All and Application.Read.All, and its user the role "
    "Hybrid Identity Administrator"
)


class GraphClient:
    """Microsoft Graph with one token.

    Args:
        root: Graph's address, such as https://graph.microsoft.com.
        token: a token for it.
        ca_path: a file of CA certificates, or None for requests' own.
        timeout: seconds for one request.
    """

    def __init__(self, root: str, token: Token, *, ca_path: str | None, timeout: int) -> None:
        self._root, self._timeout = root, timeout
        self._session = Session(ca_path, timeout, retries=_RETRIES)
        self._session.auth = _bearer(token)
        self._session.headers["Accept"] = "application/json"

    def agents(self) -> list[dict[str, t.Any]]:
        """Return all agents: id, machineName, status (active, inactive) and agentGroups.

        Raises:
            GraphError: Graph does not answer, or not permitted (status 403).
        """
        return self._list(f"{_PROFILE}/agents?$expand=agentGroups", _AGENTS, AGENT)

    def agent_groups(self) -> list[dict[str, t.Any]]:
        """Return all agent groups with their agents and publishedResources (resourceName is an Active Directory domain).

        Raises:
            GraphError: see agents().
        """
        return self._list(f"{_PROFILE}/agentGroups?$expand=agents,publishedResources", _AGENTS, GROUP)

    def configurations(self) -> list[dict[str, t.Any]]:
        """Return all sync configurations: id, domain, jobs (synchronizationJob objects), problem (why its jobs could not be read, or '').

        Raises:
            GraphError: the list itself could not be had, see agents(); or the token was rejected on the way.
        """
        query = f"$filter=applicationTemplateId eq '{_TEMPLATE}'&$select=id,displayName"
        return [self._configuration(principal) for principal in self._list(f"{_PRINCIPALS}?{query}", _JOBS, PRINCIPAL)]

    def _configuration(self, principal: dict[str, t.Any]) -> dict[str, t.Any]:
        jobs: list[dict[str, t.Any]] = []
        problem = ""
        try:
            jobs = self._list(f"{_PRINCIPALS}/{principal['id']}/synchronization/jobs", _JOBS, JOB)
        except GraphError as error:
            if error.status == 401:
                raise
            problem = str(error)
        # Microsoft names a configuration after its domain.
        return {"id": principal["id"], "domain": principal.get("displayName"), "jobs": jobs, "problem": problem}

    def _list(self, path: str, permit: str, shape: Shape) -> list[dict[str, t.Any]]:
        items: list[dict[str, t.Any]] = []
        asked: set[str] = set()
        size, url = 0, t.cast(str | None, self._root + path)
        while url:
            self._require_end(url, asked, size)
            asked.add(url)
            page, length = self._get(url, permit)
            items += self._items(page["value"], shape)
            size += length
            url = self._same_origin(page.get("@odata.nextLink"))
        return items

    def _items(self, value: t.Any, shape: Shape) -> list[dict[str, t.Any]]:
        try:
            return t.cast(list[dict[str, t.Any]], shaped([shape], value))
        except ShapeError as error:
            problem = f"holds an item whose '{error}' is missing, or is not of the kind that Microsoft documents"
            raise GraphError(f"A list of Microsoft Graph at {self._root} {problem}: check 'cloud' and the proxy.", 200) from None

    def _require_end(self, url: str, asked: set[str], size: int) -> None:
        """Refuse a list that would not end."""
        if url in asked:
            problem = "names a page as the next one that it has given already"
        elif len(asked) >= _MOST_PAGES:
            problem = f"has more than {_MOST_PAGES} pages"
        elif size > _MOST_BYTES:
            problem = f"has more than {_MOST_BYTES} bytes"
        else:
            return
        raise GraphError(f"A list of Microsoft Graph at {self._root} {problem}: it was not read on. Check 'cloud' and the proxy.", 200)

    def _get(self, url: str, permit: str) -> tuple[dict[str, t.Any], int]:
        """Return a page and its size."""
        try:
            answer = self._get_page(url)
        except (OSError, ValueError) as error:  # requests' own errors are OSErrors; a missing CA file is a plain one
            raise GraphError(self._unanswered(error), passing=True) from error
        body = _body(answer)
        if answer.status_code != 200:
            raise _refused(answer.status_code, body, answer.headers.get("request-id"), permit)
        if not isinstance(body.get("value"), list):
            # An empty answer must not pass for a tenant without agents: every host would be registered again.
            raise GraphError(f"Microsoft Graph at {self._root} answered without a list: check 'cloud' and the proxy.", 200)
        return body, len(answer.content)

    def _unanswered(self, error: Exception) -> str:
        if timed_out(error):
            limit = f"did not answer within {self._timeout} seconds"
            return f"Microsoft Graph at {self._root} {limit}: check the proxy, or raise 'request_timeout'."
        return f"Microsoft Graph at {self._root} could not be asked: {advised(error, _ADVICE)}"

    def _get_page(self, url: str) -> t.Any:
        """Get a page; once more if the connection breaks in the middle of it, which the session's retries do not see."""
        try:
            return self._session.get(url)
        except requests.exceptions.ChunkedEncodingError:
            return self._session.get(url)

    def _same_origin(self, link: t.Any) -> str | None:
        """The token goes along with the next page's request: it must not go elsewhere."""
        if link and (not isinstance(link, str) or _origin(link) != _origin(self._root)):
            raise GraphError(f"Microsoft Graph at {self._root} names a next page elsewhere, {str(link)[:200]}: it was not followed.")
        return link or None


def _origin(url: str) -> tuple[str, str]:
    """Return an address' scheme and host, empty where it cannot be read."""
    try:
        return urllib.parse.urlsplit(url)[:2]
    except ValueError:
        return "", ""


def _body(answer: t.Any) -> dict[str, t.Any]:
    """Return an answer's JSON object; {} when it is something else, such as a proxy's page."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _bearer(token: Token) -> t.Callable[[t.Any], t.Any]:
    """Return what puts the token on a request. As a mere header it would give way to an entry in ~/.netrc."""

    def authorize(request: t.Any) -> t.Any:
        request.headers["Authorization"] = f"Bearer {token.value}"
        return request

    return authorize


def _refused(status: int, body: dict[str, t.Any], request_id: str | None, permit: str) -> GraphError:
    error = body.get("error")
    code = str(error.get("code")) if isinstance(error, dict) else None
    reasons = {
        401: "the token was rejected; sign in again",
        403: f"the sign-in is not permitted to {permit}",
        429: "too many requests; run it again later",
    }
    reason = reasons.get(status, "run it again later")
    request = f", request {request_id}" if request_id else ""  # a proxy's refusal has none
    passing = status == 429 or status >= 500
    return GraphError(f"Microsoft Graph answered {status} ({code}){request}: {reason}.", status, code, request_id, passing=passing)

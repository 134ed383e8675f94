"""Asking a server that speaks Prometheus' HTTP API: Prometheus, Thanos, Mimir, Cortex.

What is sent to one server, credentials above all, is sent to no other: a redirect elsewhere is an
error. Answers are bounded in size and time.
"""

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from krmfn.cli.errors import CliError

MAX_ANSWER = 64 * 1024 * 1024
_CHUNK = 1 << 16
_HINTS = {
    401: "credentials are missing or wrong: --bearer-token-file, --header",
    403: "the credentials do not allow it",
    404: "the address must be that in front of /api/v1, with its path: Mimir's is …/prometheus",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server, and how it is reached.

    Attributes:
        url: the address in front of `/api/v1`.
        headers: what is sent with every request; may be secret.
        timeout: seconds that one answer may take.
    """

    url: str
    headers: Mapping[str, str] = field(repr=False)
    ca_file: Path | None
    timeout: float

    def ask(self, query: str, at: str) -> Any:
        """Give the answer to an instant query, an error that the server explains included.

        Args:
            query: PromQL.
            at: RFC 3339 instant to evaluate it at.

        Returns:
            the JSON value, with fractions as Decimal.

        Raises:
            CliError: the server cannot be reached or believed, refuses, sends the client
                elsewhere, or answers too late, too much or not in JSON.
        """
        address = f"{self.url}/api/v1/query?{urlencode({'query': query, 'time': at})}"
        request = Request(address, headers=dict(self.headers))  # noqa: S310 - http or https
        deadline = time.monotonic() + self.timeout
        try:
            with self._opener().open(request, timeout=self.timeout) as response:
                return self._json(self._body(response, deadline))
        except HTTPError as error:
            with error:
                return self._refusal(error, deadline)
        except URLError as error:
            raise self._unreachable(error.reason) from error
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error

    def _opener(self) -> OpenerDirector:
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise CliError(f'"{self.ca_file}" must hold certificates in PEM: {error}') from error
        return build_opener(HTTPSHandler(context=context), _SameServer())

    def _body(self, response: HTTPResponse | HTTPError, deadline: float) -> bytes:
        chunks, size = [], 0
        while chunk := response.read1(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER:
                raise CliError(f'"{self.url}" must answer with at most {MAX_ANSWER >> 20} MiB')
            if time.monotonic() > deadline:
                raise TimeoutError
        return b"".join(chunks)

    def _json(self, body: bytes) -> Any:
        try:
            return json.loads(body, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            raise CliError(f'"{self.url}" must answer in JSON, as Prometheus does') from error

    def _refusal(self, error: HTTPError, deadline: float) -> Any:
        """Give the explanation in an answer with an HTTP error status."""
        try:
            answer = json.loads(self._body(error, deadline))
        except (OSError, HTTPException, ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict) and answer.get("error"):
            return answer
        hint = f"; {_HINTS[error.code]}" if error.code in _HINTS else ""
        raise CliError(f'"{self.url}" answered {error.code} {error.reason}{hint}') from error

    def _unreachable(self, reason: Any) -> CliError:
        if isinstance(reason, TimeoutError):
            return CliError(f'"{self.url}" must answer within {self.timeout:g} s')
        if isinstance(reason, ssl.SSLCertVerificationError):
            why = f"{reason.verify_message}; --ca-file names authorities to believe"
            return CliError(f'"{self.url}" cannot be believed: {why}')
        return CliError(f'"{self.url}" cannot be reached: {reason}')


class _SameServer(HTTPRedirectHandler):
    """Follows redirects on the same server only, since all headers are sent along."""

    def redirect_request(
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        if _origin(newurl) != _origin(req.full_url):
            fp.close()
            raise CliError(
                f'"{_origin(req.full_url)}" sends the client to "{_origin(newurl)}", which might '
                "not be meant to get the headers; give that address if it is"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()

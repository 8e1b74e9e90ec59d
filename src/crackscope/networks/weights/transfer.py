"""One request for one file over HTTP: asked, answered, or a named reason why not.

The standard library's client: proxies come from the environment (http_proxy, https_proxy, no_proxy), certificates from
the system (or SSL_CERT_FILE).
"""

import base64
import binascii
import http.client
import re
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from crackscope import __version__
from crackscope.errors import WeightsError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class NoAnswerError(WeightsError):
    """The host could not be asked, or did not answer as it should. `str()` continues "HOST ...".

    again: asking once more may help. status: of HTTP, 0 when there was none.
    """

    def __init__(self, reason: str, *, again: bool, status: int = 0) -> None:
        super().__init__(reason)
        self.again = again
        self.status = status


@dataclass(frozen=True)
class Answer:
    """The head of an answer.

    start: first byte that the body holds. size: of the whole file, -1 unknown. etag: strong validator, "" for none.
    algorithm, digest: hash of the whole file that the server states beside it, "" for none.
    framed: the end of the body can be told from a cut connection.
    """

    body: http.client.HTTPResponse
    start: int
    size: int
    etag: str
    algorithm: str
    digest: str
    framed: bool


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, never from https to another scheme, and keeps the hash that a hub states on the way."""

    max_redirections = 8

    def __init__(self) -> None:
        self.linked = ""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme != "https" and scheme != urlsplit(req.full_url).scheme:
            raise NoAnswerError(f"sends us on to {newurl}, which is not https", again=False)
        self.linked = self.linked or headers.get("X-Linked-ETag", "")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def ask(url: str, start: int, etag: str, timeout_s: float) -> Answer:
    """Ask for `url` from byte `start` on, if its validator is still `etag`; the whole file comes otherwise.

    Raises NoAnswerError. The caller closes `Answer.body`.
    """
    headers = {"User-Agent": f"crackscope/{__version__}", "Accept-Encoding": "identity"}
    if start and etag:
        headers |= {"Range": f"bytes={start}-", "If-Range": etag}
    redirects = _Redirects()
    opener = urllib.request.build_opener(redirects)
    try:
        body = opener.open(urllib.request.Request(url, headers=headers), timeout=timeout_s)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refusal(error.code, str(error.reason)) from None
    except urllib.error.URLError as error:
        raise _unreachable(error.reason) from None
    except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
        raise NoAnswerError(f"does not answer ({_plain(error)})", again=True) from None
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"cannot be reached ({_plain(error)})", again=False) from None
    try:
        return _head(body, start, etag, redirects.linked)
    except NoAnswerError:
        body.close()
        raise


def _refusal(status: int, reason: str) -> NoAnswerError:
    if 300 <= status < 400:
        return NoAnswerError(f"sends us round in circles ({status})", again=False, status=status)
    return NoAnswerError(f"answers {status} {reason}".rstrip(), again=status in _PASSING_STATUS, status=status)


def _unreachable(reason: object) -> NoAnswerError:
    if isinstance(reason, ssl.SSLError):
        return NoAnswerError(
            f"shows a certificate that is not trusted ({_plain(reason)}; SSL_CERT_FILE can name your own network's)",
            again=False,
        )
    if isinstance(reason, TimeoutError):
        return NoAnswerError("does not answer (timed out)", again=True)
    return NoAnswerError(f"cannot be reached ({_plain(reason)})", again=False)


def _plain(reason: object) -> str:
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return " ".join(str(text).split())


def _head(body: http.client.HTTPResponse, start: int, etag: str, linked: str) -> Answer:
    headers = body.headers
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NoAnswerError("sends the file in another encoding than asked for", again=False)
    got = headers.get("ETag", "")
    strong = got if got.startswith('"') else ""
    first, size = 0, -1
    if body.status == http.client.PARTIAL_CONTENT:
        first, size = _range(headers.get("Content-Range", ""))
        if first != start or not start or (strong and strong != etag):
            raise NoAnswerError("sends another part of the file than asked for", again=True, status=416)
    elif body.length is not None:
        size = body.length
    algorithm, digest = _stated(headers, linked)
    framed = size >= 0 or "chunked" in headers.get("Transfer-Encoding", "").lower()
    return Answer(body, first, size, strong, algorithm, digest, framed)


def _range(text: str) -> tuple[int, int]:
    """First byte and size of the whole from a Content-Range; (-1, -1) when it cannot be told."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", text.strip())
    return (int(match[1]), int(match[2])) if match else (-1, -1)


def _stated(headers: http.client.HTTPMessage, linked: str) -> tuple[str, str]:
    """Hash of the whole file by the headers of the hub (X-Linked-ETag, SHA-256) or of Google (x-goog-hash, MD5)."""
    for text in (linked, headers.get("X-Linked-ETag", "")):
        if _SHA256.fullmatch(text.strip('"').lower()):
            return "sha256", text.strip('"').lower()
    for item in ",".join(headers.get_all("x-goog-hash", [])).split(","):
        name, _, value = item.strip().partition("=")
        if name == "md5":
            try:
                return "md5", base64.b64decode(value, validate=True).hex()
            except binascii.Error:
                return "", ""
    return "", ""

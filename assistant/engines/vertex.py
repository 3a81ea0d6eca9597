"""MedGemma on a Vertex endpoint of Google Cloud, as Model Garden deploys it.

Needs the extra ``vertex``. After Google's notebooks ``quick_start_with_model_garden`` (the plain model, in
vLLM) and ``quick_start_with_dicom`` (the DICOM-aware container).
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from assistant.engines.base import Output, Question, Report, nobody
from assistant.engines.openai_compatible import OpenAICompatibleEngine
from assistant.engines.openai_errors import Advice
from assistant.errors import BadInput, EngineFailed, Missing
from assistant.installation import install_command

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ENDPOINT = re.compile(
    r"(?:https://[^/@]+|http://127\.0\.0\.1(?::\d+)?)/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/endpoints/[^/:]+/?"
)
"""Not over http, but to this machine: the token goes along."""
_LOG_IN = "gcloud auth application-default login"


class VertexEngine(OpenAICompatibleEngine):
    """``base_url``: the endpoint's own host, ``/v1beta1/`` and its resource name. ``model`` is only shown:
    an endpoint has one. With ``streams`` false, the raw prediction route of the DICOM-aware container.

    Raises ``BadInput`` (``settings_invalid``) when ``base_url`` is no such address.
    """

    def __init__(self, *, base_url: str, model: str, **options: Any) -> None:
        if not _ENDPOINT.fullmatch(base_url):
            raise BadInput(
                "--engine vertex needs --engine-url https://ENDPOINT.REGION-NUMBER.prediction.vertexai.goog"
                "/v1beta1/projects/PROJECT/locations/REGION/endpoints/ENDPOINT, where the host is the "
                "endpoint's dedicated DNS name.",
                code="settings_invalid",
            )
        self._login = GoogleLogin()
        super().__init__(base_url=base_url, model=model, api_key=self._login.token, **options)
        self._advice = Advice(
            unreachable="The Vertex endpoint does not answer. See --engine-url, and that it is deployed.",
            unauthorized="Google Cloud refused the login. It needs the role Vertex AI User. Ask again, or "
            f"log in again: {_LOG_IN}",
            unknown="Google Cloud has no such endpoint, or nothing is deployed to it: see --engine-url.",
        )
        self._common = {"model": ""}
        if not self._streams:
            self._url = f"{base_url.rstrip('/')}:rawPredict"
            self._common = {"@requestFormat": "chatCompletions"}

    async def answer(self, question: Question, report: Report = nobody) -> AsyncGenerator[Output, None]:
        """As its base does. After a refused token the next question gets a new one."""
        try:
            async with aclosing(super().answer(question, report)) as outputs:
                async for output in outputs:
                    yield output
        except EngineFailed as error:
            if error.code == "engine_unauthorized":
                self._login.forget()
            raise

    async def load(self) -> None:
        """Raises ``Missing``: ``package_missing``, ``google_login_missing``."""
        await self._login.find()


class GoogleLogin:
    """The application default credentials of this machine; their tokens are renewed before they run out."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._renewing = asyncio.Lock()

    async def find(self) -> None:
        """Raises ``Missing``: ``package_missing``, ``google_login_missing``."""
        if self._credentials is None:
            self._credentials = await asyncio.to_thread(_find)

    def forget(self) -> None:
        """The token, not the login."""
        if self._credentials is not None:
            self._credentials.token = None

    async def token(self) -> str:
        """Raises as ``find`` does, and ``EngineFailed``: ``engine_unauthorized``, ``engine_unreachable``."""
        async with self._renewing:
            await self.find()
            if not self._credentials.valid:
                await asyncio.to_thread(_renew, self._credentials)
            return str(self._credentials.token)


def _find() -> Any:
    try:
        import google.auth  # noqa: PLC0415 (an extra)
        from google.auth import exceptions  # noqa: PLC0415
    except ImportError:
        raise Missing(
            f"--engine vertex needs more packages. Run: {install_command('vertex')}",
            code="package_missing",
        ) from None
    try:
        return google.auth.default(scopes=[SCOPE])[0]
    except exceptions.DefaultCredentialsError:
        raise Missing(
            f"There is no login for Google Cloud here: {_LOG_IN}, or set GOOGLE_APPLICATION_CREDENTIALS to "
            "the key file of a service account.",
            code="google_login_missing",
        ) from None


def _renew(credentials: Any) -> None:
    from google.auth import exceptions  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415

    try:
        credentials.refresh(Request())
    except exceptions.TransportError:
        raise EngineFailed("Google's login service does not answer.", code="engine_unreachable") from None
    except exceptions.GoogleAuthError:
        raise EngineFailed(
            f"The login of Google Cloud is no longer valid: {_LOG_IN}", code="engine_unauthorized"
        ) from None

"""Every setting: its unit, default, range and help, and the rules between them. No other module reads the
environment.

Each group is a class; ``Settings`` is all of them. The groups are those of ``assistant serve --help`` and
docs/settings.md, which are made from here.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.addresses import is_loopback
from assistant.characters import whole
from assistant.dictation.formatter import HOUSE_STYLE
from assistant.engines.base import ANSWER_TOKENS, PIECE_WAIT_S
from assistant.principal import ROLES
from assistant.vad.endpoint import EndpointSettings, SettingsClash


class ServerSettings(BaseModel):
    """The server"""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    trusted_proxies: tuple[str, ...] = Field(
        ("127.0.0.1",),
        description="Addresses and networks of reverse proxies, as JSON: the client's address and https are "
        "taken from their X-Forwarded-For and X-Forwarded-Proto, from nobody else's.",
    )
    tls_cert: Path | None = Field(
        None,
        description="Certificate file (PEM); with --tls-key serves https. Both are read again when they "
        "change, and on SIGHUP.",
    )
    tls_key: Path | None = Field(None, description="Key file (PEM) of --tls-cert.")
    token: SecretStr | None = Field(
        None, description="Secret that clients must send. Made at start when --host is not this machine."
    )
    sign_in: Literal["token", "accounts"] = Field(
        "token",
        description="Access to the server. token: everybody who has it, as one user. accounts: users with "
        "passwords and API keys (assistant users, assistant keys), kept in --store.",
    )
    sign_in_idle_min: float = Field(
        30, ge=1, le=1440, description="Minutes after which a browser that nobody uses is signed out."
    )
    sign_in_hours: float = Field(
        12, gt=0, le=168, description="Hours after which a browser is signed out in any case."
    )
    oidc_issuer: str | None = Field(
        None,
        description="Address of an OpenID Connect provider whose users may sign in, with --sign-in accounts.",
    )
    oidc_client_id: str = Field("", description="Client id of this server at the provider.")
    oidc_client_secret: SecretStr | None = Field(None, description="Its secret there, if it has one.")
    oidc_audience: str = Field(
        "", description="Tokens of the provider for this audience are accepted from programs; empty: none."
    )
    oidc_alg: Literal["RS256", "PS256", "ES256", "EdDSA"] = Field(
        "RS256", description="Algorithm of the provider's signatures; no other is accepted."
    )
    oidc_groups_claim: str = Field("groups", description="Claim with a user's groups.")
    oidc_roles: tuple[str, ...] = Field(
        (), description='Roles of groups, as JSON: ["radiology=clinician", "it=administrator"].'
    )
    allowed_origins: tuple[str, ...] = Field(
        (), description='Other web origins that may connect, as JSON: ["https://pacs.example.org"].'
    )
    ice_servers: tuple[str, ...] = Field((), description="STUN or TURN URLs as JSON; none by default.")
    models_from_page: bool = Field(
        False,
        description="Let the page choose and download models also where --host is not this machine. Where it "
        "is, the page always can.",
    )
    webrtc_addresses: Literal["own", "any"] = Field(
        "own",
        description="Addresses that WebRTC may send to. own: the one that a client connects from. any: every "
        "one that it names, which TURN needs, and a network with several addresses for one client.",
    )
    max_sessions: int = Field(32, ge=1, le=10_000, description="Most concurrent sessions; more are refused.")
    max_transcriptions: int = Field(
        2, ge=1, le=64, description="Most recordings transcribed at once over HTTP; more are refused."
    )
    final_limit_s: float = Field(
        2.0,
        gt=0,
        le=600,
        description="A session is refused if finals would then come later than this after the end of speech.",
    )
    max_sessions_per_address: int = Field(
        16,
        ge=1,
        le=10_000,
        description="Most concurrent sessions of clients at one address; this machine's are not counted.",
    )
    max_sessions_per_user: int = Field(
        16, ge=1, le=10_000, description="Most concurrent sessions of one user, with --sign-in accounts."
    )
    storage_gb_per_user: float = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Most GB that one user's reports may hold with their attachments; 0 is no limit. Beyond "
        "it new attachments are refused, and dictation goes on.",
    )
    max_requests_per_s: float = Field(
        50,
        ge=1,
        le=10_000,
        description="Most HTTP requests and sockets a second of one user, on average over ten seconds; more "
        "are refused. Without --sign-in accounts, of one address; this machine's are then not counted.",
    )
    grace_s: float = Field(
        120.0, ge=0, le=86_400, description="Time for which a disconnected session can be resumed."
    )
    shutdown_s: int = Field(5, ge=1, le=60, description="Longest time for an orderly shutdown.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Log level.")


class RecogniserSettings(BaseModel):
    """The recogniser"""

    models_dir: Path | None = Field(None, description="Folder of downloaded models.")
    asr: Literal["moonshine-clinical", "moonshine-tiny-en", "medasr", "lasr-mini"] = Field(
        "moonshine-clinical", description="Recogniser."
    )
    asr_bundle: Path | None = Field(
        None, description="Folder of an exported recogniser to use instead of --asr."
    )
    asr_preset: Literal["fast", "balanced", "accurate"] = Field(
        "balanced", description="Look-ahead of MedASR before it shows and settles words."
    )
    asr_precision: Literal["auto", "int8", "fp32"] = Field(
        "auto", description="Numeric precision of MedASR's weights."
    )
    asr_hotwords: Path | None = Field(None, description="File of words to expect, one a line.")
    asr_language_model: Path | None = Field(
        None, description="N-gram model over MedASR's pieces: lm_6.kenlm, or an ARPA file."
    )
    asr_lm_weight: float = Field(0.15, ge=0, le=2, description="Weight of the language model.")
    asr_beam: int | None = Field(
        None, ge=1, le=100, description="Width of the beam; 4 for Moonshine and 8 for MedASR if not given."
    )
    asr_bonus: float = Field(
        1.0, ge=0, le=3, description="Bonus of Moonshine for each piece of an expected word; 0 turns it off."
    )
    asr_provider: Literal["cpu", "cuda"] = Field("cpu", description="Processor that MedASR runs on.")
    asr_batch: int = Field(
        1, ge=1, le=256, description="Most streams in one step of MedASR; useful on a GPU."
    )
    asr_threads: int = Field(1, ge=1, le=64, description="Threads of one step of MedASR.")
    asr_workers: int = Field(2, ge=1, le=64, description="Threads that run the recogniser.")
    asr_patience_s: float = Field(
        20.0,
        ge=1,
        le=600,
        description="Longest time for a step of the recogniser; it is then tried again with twice the time.",
    )
    asr_second: bool = Field(
        True, description="With a dictation recogniser: transcribe questions again with a general one."
    )
    vad: Literal["silero", "webrtc"] = Field("silero", description="Voice activity detector.")


class WritingSettings(BaseModel):
    """Style of dictation"""

    templates: Path | None = Field(
        None, description="Folder of report templates and macros (YAML), beside those that ship."
    )
    words: Path | None = Field(
        None, description="File of own words: one written form, a tab and a spoken form per line."
    )
    format_dates: Literal["long", "day_first", "as_dictated"] = Field(
        HOUSE_STYLE.dates, description="Dates as January 1, 2011, or with the day first."
    )
    format_times: Literal["clock", "as_dictated"] = Field(HOUSE_STYLE.times, description="Times as 2:30 PM.")
    format_numbers_under_ten: Literal["numerals", "words"] = Field(
        HOUSE_STYLE.numbers_under_ten,
        description="Counts under ten. Measurements and doses are always in numerals.",
    )
    format_units: Literal["abbreviated", "as_dictated"] = Field(HOUSE_STYLE.units, description="Units as mg.")
    format_cranial_nerves: Literal["roman", "arabic"] = Field(
        HOUSE_STYLE.cranial_nerves, description="Cranial nerves as II."
    )
    format_classes: Literal["roman", "arabic"] = Field(
        HOUSE_STYLE.classes, description="Stages, classes and types as III, where their field writes them so."
    )
    format_thousands: Literal["plain", "comma"] = Field(
        HOUSE_STYLE.thousands, description="12000, or 12,000."
    )
    mark_below: float = Field(
        0.5, ge=0, le=1, description="Words with a lower confidence are marked; 0 marks none."
    )


class EngineSettings(BaseModel):
    """Answer engine"""

    engine: Literal[
        "auto", "medgemma", "openai", "vertex", "transformers", "gguf", "gemma-270m", "stand-in"
    ] = Field(
        "auto",
        description="Answer engine. auto: MedGemma if it is downloaded, else a MedGemma that a server on "
        "this machine lists, else stand-in. medgemma: the downloaded one. Others: an OpenAI-compatible "
        "server, an endpoint of Google's Vertex AI, transformers or a GGUF file on this machine. gemma-270m: "
        "a tiny general model to try the pipeline with. stand-in: no model; medical questions are declined.",
    )
    engine_url: str = Field("http://127.0.0.1:8000/v1", description="Base URL for --engine openai or vertex.")
    engine_model: str = Field(
        "google/medgemma-1.5-4b-it",
        description="Model name for --engine openai or transformers, which also takes a directory.",
    )
    engine_revision: str | None = Field(
        None, description="Commit of the model: which one transformers loads, or what a server was given."
    )
    engine_key: SecretStr | None = Field(None, description="API key for --engine openai.")
    engine_stream: bool = Field(
        True,
        description="The server streams answers. Google's DICOM-aware container sends them in one piece.",
    )
    engine_dicom_links: bool = Field(
        False,
        description="Google's DICOM-aware container fetches the series of --dicomweb-url itself: it is given "
        "their addresses and the archive's token. See docs/medgemma.md before turning this on.",
    )
    engine_images: bool = Field(True, description="The engine can see images.")
    engine_thinking: bool = Field(
        False, description="MedGemma may think before it answers a question without images: slower, better."
    )
    engine_precision: Literal["auto", "bfloat16", "float32", "4bit"] = Field(
        "auto",
        description="Numeric precision of the weights of --engine transformers. auto: bfloat16 on a GPU, "
        "float32 on a CPU; 4bit needs bitsandbytes.",
    )
    engine_timeout_s: float = Field(
        PIECE_WAIT_S, gt=0, le=600, description="Longest wait for the next piece."
    )
    engine_max_tokens: int = Field(ANSWER_TOKENS, ge=16, le=8192, description="Longest answer.")
    engine_threads: int = Field(1, ge=1, le=64, description="Threads of an engine on this machine's CPU.")
    question_wait_ms: int = Field(
        0,
        ge=0,
        le=5000,
        description="A spoken question waits this long before it goes to the model, and can be stopped; 0 "
        "sends it at once, and starts to answer while it is still being recognised.",
    )
    text_engine_model: str | None = Field(
        None,
        description="A model that answers the questions without images in its place, e.g. "
        "google/medgemma-27b-text-it.",
    )
    text_engine_url: str | None = Field(
        None, description="Base URL of its OpenAI-compatible server, if not --engine-url."
    )
    gguf: Path | None = Field(None, description="Model file for --engine gguf.")
    mmproj: Path | None = Field(None, description="Image tower file for --engine gguf.")


class SourceSettings(BaseModel):
    """Sources of answers"""

    guidelines: Path | None = Field(
        None, description="Folder of guidelines (PDF, Markdown, text) as the basis of answers."
    )
    guidelines_only: bool = Field(
        True,
        description="With --guidelines: a question on which they hold nothing, and that is not about the "
        "images or the report, is not answered; the page says so.",
    )
    guideline_passages: int = Field(3, ge=1, le=4, description="Guideline passages sent with a question.")
    intent_model: Path | None = Field(None, description="Your own intent model (from --retrain).")


class ImageSettings(BaseModel):
    """Images and the archive"""

    upload_gb: float = Field(4.0, gt=0, le=1000, description="Largest upload; a zip counts unpacked.")
    readers: int = Field(
        2, ge=1, le=32, description="Processes that read uploads; one upload of a session is read at a time."
    )
    dicomweb_url: str | None = Field(
        None, description="Base URL of the DICOMweb archive to fetch series from."
    )
    dicomweb_token: SecretStr | None = Field(None, description="Bearer token for --dicomweb-url.")
    dicom_identity: bool = Field(
        False,
        description="Show patient, date and description from DICOM files on the page and in events.",
    )
    allow_burned_in: bool = Field(
        False,
        description="Take DICOM pictures whose tags say that text, perhaps a name, is written in them.",
    )
    siglip_model: str | None = Field(
        None,
        description="MedSigLIP checks attached images, scores labels and finds similar ones: "
        "google/medsiglip-448, or a directory. Off by default.",
    )
    siglip_revision: str | None = Field(None, description="Commit of --siglip-model.")


class OrderSettings(BaseModel):
    """Orders from hospital systems"""

    orders_fhir: str | None = Field(
        None,
        description="Base address of a FHIR R4 server, whose active ServiceRequests are listed as orders.",
    )
    orders_fhir_query: str = Field(
        "", description="Narrows that search, as in a FHIR address: category=363679005&performer=…"
    )
    orders_fhir_token: SecretStr | None = Field(None, description="Bearer token for --orders-fhir.")
    orders_fhir_patient_system: str = Field(
        "",
        description="System of the identifier that is the patient's number, where patients have several. "
        "Without it: that of type MR, or the only one.",
    )
    orders_dicom: str | None = Field(
        None, description="Modality worklist to ask for orders: AETITLE@host:port."
    )
    orders_dicom_title: str = Field(
        "ASSISTANT", min_length=1, max_length=16, description="AE title of this server."
    )
    orders_dicom_ca: Path | None = Field(
        None,
        description="Ask the worklist over TLS; this PEM file has the authorities its certificate may be of.",
    )
    orders_dicom_cert: Path | None = Field(
        None,
        description="PEM file with the certificate and key that this server shows the worklist, over TLS.",
    )
    orders_dicom_modality: str = Field("", max_length=16, description="Only orders of this modality: CT.")
    orders_days_back: int = Field(2, ge=0, le=60, description="Days before today that are asked for.")
    orders_days_ahead: int = Field(1, ge=0, le=60, description="Days after today that are asked for.")
    orders_hl7_folder: Path | None = Field(
        None,
        description="Folder of HL7 v2 order messages, one a file that ends in .hl7; those taken are deleted.",
    )
    orders_mllp: str | None = Field(
        None, description="Address to listen on for HL7 v2 order messages over MLLP: host:port."
    )
    orders_mllp_from: tuple[str, ...] = Field(
        (), description='Addresses that may send there, as JSON: ["10.0.0.5"]. Needed off this machine.'
    )
    orders_mllp_cert: Path | None = Field(
        None, description="PEM file with a certificate and its key: --orders-mllp takes TLS only."
    )
    orders_mllp_ca: Path | None = Field(
        None,
        description="PEM file of authorities: only senders with a certificate of one of them are heard.",
    )
    orders_every_s: float = Field(
        60, ge=1, le=86_400, description="Time between two looks at a FHIR server or worklist."
    )
    keep_orders_days: int = Field(
        30,
        ge=0,
        le=36_500,
        description="Days after which an order that nobody names and reports any more is deleted; 0: never.",
    )


class KeepingSettings(BaseModel):
    """Storage and retention"""

    store: Path | str | None = Field(
        None,
        description="Folder that keeps reports, what was said, answers, attachments and an audit, or the URL "
        "of a PostgreSQL database (postgresql://USER@HOST/NAME). assistant serve uses a folder in the user's "
        "data folder if none is given.",
    )
    store_files: Path | None = Field(
        None,
        description="Folder for the attachments of reports; servers with one database share it. Default: "
        "files in the folder of --store, with a database in the user's data folder.",
    )
    no_store: bool = Field(False, description="Keep nothing on disk; reports go with their session.")
    keep_drafts_days: int = Field(
        30, ge=0, le=36_500, description="Days after its last change that a draft is deleted; 0: never."
    )
    keep_finals_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days after its last change that a signed report is deleted; 0: never.",
    )
    encryption_key: SecretStr | None = Field(
        None,
        description="Key that encrypts the store in a folder and its attachments: 32 random characters or "
        "more, e.g. of: openssl rand -hex 32. Who loses it loses the reports.",
    )
    encryption_key_command: str | None = Field(
        None, description="Command that prints that key, e.g. of a key management service."
    )
    encryption_keyring: bool = Field(
        False, description="Keep that key in this user's keyring of the system; made with a new store."
    )
    user: str = Field("person", max_length=64, description="Name of the user in the audit of --store.")
    audit_checkpoints: Path | None = Field(
        None,
        description="File to which the end of the audit of --store is written, signed, every ten minutes. It "
        "belongs on another machine, or is copied there: then an end that was cut off is seen.",
    )
    audit_key: Path | None = Field(
        None, description="Ed25519 key (PEM) of --audit-checkpoints; made if it is missing."
    )
    keep_audio_min: float = Field(
        0,
        ge=0,
        le=60,
        description="Minutes of audio kept in memory for playback; 0 keeps none.",
    )
    keep_corrections: Path | None = Field(
        None,
        description="File to which what was heard is added when its intent is corrected: to retrain with "
        "(assistant intent --retrain). It holds what patients and clinicians said. Off by default.",
    )


class Settings(
    ServerSettings,
    RecogniserSettings,
    EndpointSettings,
    WritingSettings,
    EngineSettings,
    SourceSettings,
    ImageSettings,
    OrderSettings,
    KeepingSettings,
    BaseSettings,
):
    """Values come from ``--<name>`` on the command line, then from ``ASSISTANT_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", extra="forbid", frozen=True)

    @field_validator("store", mode="before")
    @classmethod
    def _folder_or_url(cls, value: object) -> object:
        return Path(value) if isinstance(value, str) and "://" not in value else value

    @field_validator("oidc_roles")
    @classmethod
    def _of_groups(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            group, _, role = pair.rpartition("=")
            if not group or role not in ROLES:
                raise ValueError(f"each must be GROUP=ROLE, with a role of: {', '.join(ROLES)}")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError("each must be an IP address or a network, as 10.0.0.0/8") from None
        return value

    @field_validator("orders_dicom", "orders_mllp")
    @classmethod
    def _has_port(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"([^@\s\\]{1,16}@)?[^@\s]+:\d{1,5}", value):
            raise ValueError("it must end with host:port")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _private(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        if value and parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise ValueError("it must begin with https://")
        return value

    @field_validator(
        "user", "engine_model", "engine_revision", "text_engine_model", "siglip_model", mode="before"
    )
    @classmethod
    def _whole(cls, value: object) -> object:
        """Arguments that are not UTF-8 hold half characters, which can be neither stored nor sent."""
        return whole(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        """Raises ``SettingsClash``, which pydantic wraps in its ``ValidationError``."""
        if self.engine_dicom_links and (self.engine_stream or self.dicomweb_url is None):
            raise SettingsClash(
                "{engine_dicom_links} is for series of an archive and Google's DICOM-aware container: it "
                "needs {dicomweb_url} and {engine_stream}.",
                engine_dicom_links=True,
                dicomweb_url=None,
                engine_stream=False,
            )
        lacks_store = self.store is None or self.no_store
        if self.sign_in == "accounts" and (self.token is not None or lacks_store):
            raise SettingsClash(
                "{sign_in} needs {store} without {no_store}, and no {token}: users have passwords and keys "
                "of their own.",
                sign_in="accounts",
                store=None,
                no_store=True,
                token=None,
            )
        if self.audit_checkpoints and (self.audit_key is None or lacks_store):
            raise SettingsClash(
                "{audit_checkpoints} needs {audit_key} and {store} without {no_store}.",
                audit_checkpoints=self.audit_checkpoints,
                audit_key=None,
                store=None,
                no_store=True,
            )
        keys = {
            "encryption_key": self.encryption_key is not None,
            "encryption_key_command": self.encryption_key_command is not None,
            "encryption_keyring": self.encryption_keyring,
        }
        if sum(keys.values()) > 1:
            raise SettingsClash(
                "The encryption key has one source: {encryption_key}, {encryption_key_command} or "
                "{encryption_keyring}.",
                encryption_key=None,
                encryption_key_command=None,
                encryption_keyring=True,
            )
        known_there = self.oidc_client_id and self.oidc_roles
        if self.oidc_issuer and not (self.sign_in == "accounts" and known_there):
            raise SettingsClash(
                "{oidc_issuer} needs {sign_in}, {oidc_client_id} and {oidc_roles}.",
                oidc_issuer=self.oidc_issuer,
                sign_in="accounts",
                oidc_client_id=None,
                oidc_roles=None,
            )
        sources = ("orders_fhir", "orders_dicom", "orders_hl7_folder", "orders_mllp")
        for name in sources:
            if getattr(self, name) and self.no_store:
                rule = f"{{{name}}} keeps orders in the store: leave {{no_store}} out."
                raise SettingsClash(rule, **{name: getattr(self, name)}, no_store=True)
        if self.orders_mllp_ca and not self.orders_mllp_cert:
            raise SettingsClash(
                "{orders_mllp_ca} needs {orders_mllp_cert}.",
                orders_mllp_ca=self.orders_mllp_ca,
                orders_mllp_cert=None,
            )
        if self.orders_mllp and not self.orders_mllp_from:
            host = self.orders_mllp.rpartition(":")[0]
            if not is_loopback(host):
                raise SettingsClash(
                    "{orders_mllp} off this machine needs {orders_mllp_from}: MLLP asks nobody who they are.",
                    orders_mllp=self.orders_mllp,
                    orders_mllp_from=None,
                )
        if self.text_engine_url and not self.text_engine_model:
            raise SettingsClash(
                "{text_engine_url} needs {text_engine_model}.",
                text_engine_url=self.text_engine_url,
                text_engine_model=None,
            )
        return self


GROUPS: tuple[type[BaseModel], ...] = (
    ServerSettings,
    RecogniserSettings,
    EndpointSettings,
    WritingSettings,
    EngineSettings,
    SourceSettings,
    ImageSettings,
    OrderSettings,
    KeepingSettings,
)
"""In the order of the help; the title of each is its docstring."""

"""One browser microphone over WebRTC, answered and received with aiortc."""

import asyncio
import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from assistant.audio import track
from assistant.audio.track import AudioStats, OnGap, Sink, TrackReceiver
from assistant.errors import AssistantError, BadInput

if TYPE_CHECKING:
    from aiortc import RTCDataChannel, RTCPeerConnection
    from aiortc.sdp import SessionDescription

CONNECT_LIMIT_S = 15.0
MAX_SDP_CHARS = 64 * 1024
OPUS_FMTP = "minptime=10;useinbandfec=1;usedtx=0;stereo=0;maxaveragebitrate=32000"
"""Asks the browser for FEC against loss, no DTX (it delays the last word), and speech-sized mono."""

OWN_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local", re.IGNORECASE)
"""The random name behind which a browser hides an address of its own network."""

SENDING = frozenset({"sendrecv", "sendonly", None})


def with_opus_parameters(sdp: str) -> str:
    """The answer with our fmtp line after each Opus rtpmap line, in place of any that was there."""
    opus_types = re.findall(r"^a=rtpmap:(\d+) opus/48000", sdp, re.MULTILINE | re.IGNORECASE)
    for payload_type in opus_types:
        sdp = re.sub(rf"^a=fmtp:{payload_type} [^\r\n]*\r?\n", "", sdp, flags=re.MULTILINE)
        sdp = re.sub(
            rf"^(a=rtpmap:{payload_type} [^\r\n]*)(\r?\n)",
            rf"\1\2a=fmtp:{payload_type} {OPUS_FMTP}\2",
            sdp,
            flags=re.MULTILINE,
        )
    return sdp


class MicrophonePeer:
    """One peer connection that receives one Opus track. Lives on the event loop.

    ``sink`` and ``on_gap`` are as in ``audio.track.TrackReceiver``. ``on_failed(error)`` is called at most
    once, with the connection closed: ``webrtc_not_connected`` when it did not connect within
    ``connect_limit_s``, ``webrtc_lost`` when it connected and went; never after ``close``.

    For a second offer make a new peer and close this one: aiortc cannot restart ICE.
    ``ice_servers`` are URLs (``stun:…``); none by default, so that no outside service is asked.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        on_gap: OnGap | None = None,
        on_failed: Callable[[AssistantError], None] | None = None,
        ice_servers: Sequence[str] = (),
        connect_limit_s: float = CONNECT_LIMIT_S,
        on_channel: "Callable[[RTCDataChannel], None] | None" = None,
    ) -> None:
        """``on_channel`` gets each data channel that the other side opens."""
        self._sink = sink
        self._on_gap = on_gap
        self._on_failed = on_failed
        self._on_channel = on_channel
        self._ice_servers = list(ice_servers)
        self._connect_limit_s = connect_limit_s
        self._pc: RTCPeerConnection | None = None
        self._receiver: TrackReceiver | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failing: asyncio.Task[None] | None = None
        self._was_connected = self._closed = False
        self._codec = ""

    @property
    def stats(self) -> AudioStats:
        """Packet counts so far; all 0 before the track is there."""
        return self._receiver.stats if self._receiver else AudioStats()

    @property
    def state(self) -> str:
        """``new``, ``connecting``, ``connected``, ``failed`` or ``closed``, as in the WebRTC standard."""
        if self._closed:
            return "closed"
        return str(self._pc.connectionState) if self._pc else "new"

    @property
    def codec(self) -> str:
        """The negotiated codec, e.g. ``opus/48000/2``; empty before the answer."""
        return self._codec

    async def accept(self, sdp_offer: str) -> str:
        """The answer's SDP, with all candidates in it. Call once.

        Raises BadInput, with the connection closed: ``webrtc_sdp_invalid``, ``webrtc_no_audio`` (no audio
        section that sends), ``webrtc_no_opus``. Raises Missing if aiortc or libopus do not fit.
        """
        if self._pc is not None or self._closed:
            raise RuntimeError("a MicrophonePeer takes one offer; make a new one for the next")
        _check_audio(_parse(sdp_offer))
        pc = self._pc = self._make_connection()
        try:
            answer = await self._answer(pc, sdp_offer)
        except BaseException:
            await self.close()
            raise
        if self.state == "closed":
            raise BadInput(
                "The connection was closed in the meantime. Offer again.", code="webrtc_not_connected"
            )
        self._timer = asyncio.get_running_loop().call_later(self._connect_limit_s, self._check_connected)
        return answer

    async def close(self) -> None:
        """End the connection and free the decoder. Safe to call twice, and before ``accept``."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._receiver is not None:
            self._receiver.close()
        if self._pc is not None:
            await self._pc.close()

    def _make_connection(self) -> "RTCPeerConnection":
        from aiortc import (  # noqa: PLC0415 - slow to import; a server without WebRTC users never pays
            RTCConfiguration,
            RTCIceServer,
            RTCPeerConnection,
            RTCRtpReceiver,
        )

        servers = [RTCIceServer(urls=url) for url in self._ice_servers]
        pc = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        microphone = pc.addTransceiver("audio", direction="recvonly")
        known = RTCRtpReceiver.getCapabilities("audio")
        codecs = known.codecs if known else []
        microphone.setCodecPreferences([codec for codec in codecs if codec.mimeType.lower() == "audio/opus"])
        pc.add_listener("track", self._on_track)
        pc.add_listener("connectionstatechange", self._on_state)
        if self._on_channel is not None:
            pc.add_listener("datachannel", self._on_channel)
        return pc

    async def _answer(self, pc: "RTCPeerConnection", sdp_offer: str) -> str:
        from aiortc import RTCSessionDescription  # noqa: PLC0415
        from aiortc.exceptions import OperationError  # noqa: PLC0415

        try:
            await pc.setRemoteDescription(RTCSessionDescription(sdp=with_names_open(sdp_offer), type="offer"))
            await pc.setLocalDescription(await pc.createAnswer())
        except OperationError:
            raise BadInput("The WebRTC offer has no Opus audio. Offer Opus.", code="webrtc_no_opus") from None
        except AssistantError:
            raise
        except Exception:  # aiortc raises whatever its parsers stumble over: ValueError, KeyError, …
            raise _invalid_sdp() from None
        if self._receiver is None:
            raise BadInput("The WebRTC offer has no audio to receive.", code="webrtc_no_audio")
        sdp = with_opus_parameters(pc.localDescription.sdp)
        found = re.search(r"^a=rtpmap:\d+ (opus/\S+)", sdp, re.MULTILINE | re.IGNORECASE)
        self._codec = found[1].lower() if found else ""
        return sdp

    def _on_track(self, remote_track: Any) -> None:
        """The first audio track is the microphone; what else was offered is received by nobody."""
        assert self._pc is not None
        for transceiver in self._pc.getTransceivers():
            if transceiver.receiver.track is remote_track:
                if remote_track.kind == "audio" and self._receiver is None:
                    self._receiver = track.receive(transceiver.receiver, self._sink, self._on_gap)
                else:
                    track.discard(transceiver.receiver)

    def _on_state(self) -> None:
        match self.state:
            case "connected":
                self._was_connected = True
                if self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
            case "failed" | "closed" if not self._closed:
                self._fail()

    def _check_connected(self) -> None:
        if self.state != "connected":
            self._fail()

    def _fail(self) -> None:
        if self._failing is None:
            self._failing = asyncio.get_running_loop().create_task(self._close_and_tell())

    async def _close_and_tell(self) -> None:
        if self._closed:
            return
        await self.close()
        if self._on_failed is not None:
            self._on_failed(_lost() if self._was_connected else _not_connected())


def with_names_open(sdp: str) -> str:
    """An offer with hidden names, without the line that says that these are all candidates.

    A name may be unknown here (Firefox hides its addresses so). With that line and no known candidate aioice
    gives up at once and offers no address of its own; without it the client's checks tell where it is.
    """
    if not any(line.startswith("a=candidate:") and OWN_NAME.search(line) for line in sdp.splitlines()):
        return sdp
    return "".join(line for line in sdp.splitlines(keepends=True) if line.strip() != "a=end-of-candidates")


def with_own_candidates(sdp: str, client: str) -> str:
    """The offer without candidates at other addresses than the client's: to each of them we would send.

    ``client`` is the address that it connects from; one of this machine may name any address of this machine.
    A browser's own random name (``….local``) stays: only its own network can say where that is. Raises
    ``BadInput`` (``webrtc_address_refused``) when none is left.
    """
    allowed = _addresses_of(client)
    lines = sdp.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("a=candidate:") or _is_own(line, allowed)]
    if len(kept) < len(lines) and not any(line.startswith("a=candidate:") for line in kept):
        raise BadInput(
            "The server sends WebRTC only to the address that you connect from, and your browser offers "
            "other addresses. Send the audio over the WebSocket instead, or see --webrtc-addresses.",
            code="webrtc_address_refused",
        )
    return "".join(kept)


def _addresses_of(client: str) -> frozenset[str]:
    own = _address(client)
    if own is None or not own.is_loopback:
        return frozenset({str(own)})
    from aioice.ice import get_host_addresses  # noqa: PLC0415 (with aiortc: slow to import)

    found = get_host_addresses(use_ipv4=True, use_ipv6=True)
    return frozenset({str(own), *(str(_address(text)) for text in found)})


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_own(line: str, allowed: frozenset[str]) -> bool:
    fields = line.split()
    named = fields[4] if len(fields) > 4 else ""
    if OWN_NAME.fullmatch(named):
        return True
    address = _address(named)
    return address is not None and str(address) in allowed


def _parse(sdp: str) -> "SessionDescription":
    from aiortc.sdp import SessionDescription  # noqa: PLC0415

    if len(sdp) > MAX_SDP_CHARS or not sdp.startswith("v=0"):
        raise _invalid_sdp()
    try:
        return SessionDescription.parse(sdp)
    except Exception:  # a parser without an error type of its own
        raise _invalid_sdp() from None


def _check_audio(offer: "SessionDescription") -> None:
    sends = [m for m in offer.media if m.kind == "audio" and m.port and m.direction in SENDING]
    if not sends:
        raise BadInput(
            "The WebRTC offer has no audio section that sends. Add the microphone track before the offer.",
            code="webrtc_no_audio",
        )


def _invalid_sdp() -> BadInput:
    return BadInput(
        "The WebRTC offer is not a valid session description. Send the result of createOffer.",
        code="webrtc_sdp_invalid",
    )


def _not_connected() -> BadInput:
    return BadInput(
        "WebRTC did not connect; UDP may be blocked. Send the audio over the WebSocket instead.",
        code="webrtc_not_connected",
    )


def _lost() -> BadInput:
    return BadInput("The WebRTC connection was lost. Offer a new one.", code="webrtc_lost")

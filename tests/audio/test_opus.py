import ctypes
import gc
from collections.abc import Callable

import numpy as np
import pytest

from assistant.audio import opus
from assistant.audio.frames import Samples
from assistant.audio.opus import OpusDecoder, has_fec, load_libopus, packet_ticks
from assistant.errors import BadInput, Missing

PACKET_SAMPLES = 320


def test_speech_survives_encoding_and_decoding(
    speech: Samples, speech_packets: list[bytes], correlation: Callable[..., float]
) -> None:
    decoder = OpusDecoder()
    heard = np.concatenate([decoder.decode(packet) for packet in speech_packets])
    assert heard.dtype == np.float32
    assert len(heard) == len(speech_packets) * PACKET_SAMPLES
    assert correlation(heard, speech) > 0.9


def test_fec_brings_a_lost_packet_closer_than_concealment(
    speech_packets: list[bytes], correlation: Callable[..., float]
) -> None:
    whole = OpusDecoder()
    original = [whole.decode(packet) for packet in speech_packets]

    def with_every_fifth_lost(*, use_fec: bool) -> Samples:
        decoder, heard = OpusDecoder(), []
        for i, packet in enumerate(speech_packets[:-1]):
            if i % 5 != 4:
                heard.append(decoder.decode(packet))
            elif use_fec:
                heard.append(decoder.decode_fec(speech_packets[i + 1], PACKET_SAMPLES))
            else:
                heard.append(decoder.conceal(PACKET_SAMPLES))
        return np.concatenate(heard)

    reference = np.concatenate(original[:-1])
    fec = correlation(with_every_fifth_lost(use_fec=True), reference)
    concealed = correlation(with_every_fifth_lost(use_fec=False), reference)
    assert fec > concealed > 0.5
    assert fec > 0.9


def test_the_fec_flag_is_read_as_libopus_reads_it(speech_packets: list[bytes]) -> None:
    lib = load_libopus()
    if not hasattr(lib, "opus_packet_has_lbrr"):
        pytest.skip("this libopus is older than 1.5")
    lib.opus_packet_has_lbrr.argtypes = [ctypes.c_char_p, ctypes.c_int32]
    flags = [has_fec(packet) for packet in speech_packets]
    assert flags == [lib.opus_packet_has_lbrr(packet, len(packet)) == 1 for packet in speech_packets]
    assert any(flags)


def test_a_packet_tells_how_long_it_plays(speech_packets: list[bytes]) -> None:
    assert {packet_ticks(packet) for packet in speech_packets} == {960}
    assert packet_ticks(b"") == 0
    assert packet_ticks(b"\x03") == 0


def test_concealment_comes_in_steps_of_2_5_ms_and_at_most_120_ms() -> None:
    decoder = OpusDecoder()
    assert [len(decoder.conceal(n)) for n in (0, 39, 40, 100, 320, 100_000)] == [0, 0, 40, 80, 320, 1920]


@pytest.mark.parametrize("payload", [b"", b"\x03", b"\xff" * 4])
def test_a_broken_packet_is_bad_input_and_the_stream_goes_on(
    payload: bytes, speech_packets: list[bytes]
) -> None:
    decoder = OpusDecoder()
    with pytest.raises(BadInput) as raised:
        decoder.decode(payload)
    assert raised.value.code == "opus_packet_invalid"
    assert len(decoder.decode(speech_packets[0])) == PACKET_SAMPLES


def test_a_closed_decoder_says_so_and_closes_twice() -> None:
    decoder = OpusDecoder()
    decoder.close()
    decoder.close()
    with pytest.raises(RuntimeError, match="closed"):
        decoder.conceal(320)


def test_native_memory_is_freed_with_the_object() -> None:
    decoder = OpusDecoder()
    free = decoder._free
    del decoder
    gc.collect()
    assert not free.alive


def test_a_machine_without_libopus_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_candidates", lambda: ["libopus-that-is-not-there.so"])
    load_libopus.cache_clear()
    try:
        with pytest.raises(Missing, match="pip install av") as raised:
            OpusDecoder()
    finally:
        load_libopus.cache_clear()
    assert raised.value.code == "libopus_missing"

"""Recorded people at real time through WebRTC, detector and recogniser: how many words are right."""

import asyncio
import csv
import re

import ifaddr
import jiwer
import numpy as np
import pytest
import soundfile
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from assistant.audio.files import read_audio
from assistant.commands.demo import RecordingTrack, read_frames

CLIPS = ("librivox_0880.flac", "librivox_0930.flac", "jfk.flac")
COMPLETED = "conversation.item.input_audio_transcription.completed"
HIGHEST_WER = 0.20
PAUSE_S = 1.5


def has_interface():
    addresses = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return any(not str(address).startswith("127.") for address in addresses)


def words(text):
    return " ".join(re.findall(r"[a-z0-9']+", text.lower()))


@pytest.mark.models
@pytest.mark.skipif(not has_interface(), reason="aiortc uses no loopback interface")
async def test_most_words_are_right(start_server, data_dir, tmp_path):
    with (data_dir / "speech" / "transcripts.tsv").open() as file:
        said = {row["path"]: row["text"] for row in csv.DictReader(file, delimiter="\t")}
    pause = np.zeros(int(PAUSE_S * 16_000), np.float32)
    pieces = [piece for name in CLIPS for piece in (pause, read_audio(data_dir / "speech" / name))]
    soundfile.write(tmp_path / "all.wav", np.concatenate([*pieces, pause]), 16_000)
    frames = read_frames(tmp_path / "all.wav")
    track = RecordingTrack(next(frames), frames)

    server = await start_server(real=True)
    client, _ = await server.session()
    await client.send("assistant.mode.set", mode="dictation")
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        peer.addTrack(track)
        await peer.setLocalDescription(await peer.createOffer())
        await client.send("assistant.webrtc.offer", sdp=peer.localDescription.sdp)
        answer = await client.until("assistant.webrtc.answer")
        await peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        while not track.ended.is_set():
            await client.next()
        await client.send("assistant.webrtc.close")
        await client.send("response.create")  # its error comes after the last utterance was ended
        await client.until("error")
        while len(client.of(COMPLETED)) < len(client.of("input_audio_buffer.committed")):
            await client.next()
    finally:
        await asyncio.shield(peer.close())
    heard = " ".join(event["transcript"] for event in client.of(COMPLETED))
    expected = words(" ".join(said[name] for name in CLIPS))
    assert jiwer.wer(expected, words(heard)) < HIGHEST_WER
    assert not client.of("assistant.audio.gap")

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.frames import AudioChunk, GrowingAudio, Rechunker


@given(sizes=st.lists(st.integers(0, 700), max_size=30), size=st.integers(1, 600))
def test_rechunking_keeps_every_sample_in_order_and_on_the_clock(sizes: list[int], size: int) -> None:
    rechunker, start, out = Rechunker(size), 0, []
    for n in sizes:
        out += rechunker.push(AudioChunk(np.arange(start, start + n, dtype=np.float32), start))
        start += n
    assert all(len(chunk.samples) == size and chunk.samples[0] == chunk.start for chunk in out)
    joined = np.concatenate([chunk.samples for chunk in out]) if out else np.empty(0)
    assert np.array_equal(joined, np.arange(start // size * size))


@given(
    pieces=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 700)), max_size=20),
    size=st.integers(1, 600),
)
def test_a_chunk_never_reaches_across_lost_audio(pieces: list[tuple[int, int]], size: int) -> None:
    rechunker, start = Rechunker(size), 0
    for gap, n in pieces:
        start += gap
        for chunk in rechunker.push(AudioChunk(np.arange(start, start + n, dtype=np.float32), start)):
            assert np.array_equal(chunk.samples, np.arange(chunk.start, chunk.start + size))
        start += n


@given(st.lists(st.integers(0, 100_000), max_size=12))
def test_growing_audio_is_all_that_was_added_and_what_was_taken_before_stays(lengths: list[int]) -> None:
    audio, parts, earlier = GrowingAudio(), [np.zeros(0, np.float32)], []
    for number, length in enumerate(lengths):
        parts.append(np.full(length, number, np.float32))
        audio.add(parts[-1])
        earlier.append((audio.samples, np.concatenate(parts)))
    assert len(audio) == sum(lengths)
    for taken, expected in earlier:
        assert np.array_equal(taken, expected)
        assert not taken.flags.writeable


def test_growing_audio_makes_room_a_few_times_only() -> None:
    audio, rooms = GrowingAudio(), set()
    for _ in range(3_000):
        audio.add(np.zeros(320, np.float32))
        rooms.add(audio.nbytes)
    assert len(rooms) <= 6
    assert audio.nbytes <= 2 * 4 * len(audio)

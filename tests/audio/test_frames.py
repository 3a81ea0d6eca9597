import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.frames import AudioChunk, Rechunker


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

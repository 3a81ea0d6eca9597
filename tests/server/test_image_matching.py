"""A tiny SigLIP behind a real server: images checked, labels scored, similar images found."""

import io
import os
import signal

import httpx
import numpy as np
import PIL.Image
import pytest

from assistant.errors import Missing
from assistant.siglip.embedder import Embedder
from assistant.siglip.model import load
from tests.imaging import made
from tests.server.test_uploads import Sender, question
from tests.siglip.tiny_siglip import save


def png(seed, width=40, height=40):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


async def attach(http, sender, name, data):
    answer = await http.post(
        f"{sender.address}/attachments",
        params={"name": name},
        headers=sender.options["headers"],
        content=data,
    )
    return answer.json()["id"]


async def test_images_are_checked_scored_and_compared(start_server, tmp_path, caplog):
    folder = str(save(tmp_path / "tiny-siglip"))
    server = await start_server(embedder=Embedder(folder))
    client, created = await server.session()
    assert created["session"]["image_matcher"] == {"name": "tiny-siglip", "revision": ""}
    async with httpx.AsyncClient(base_url=server.http, timeout=120) as http:
        sender = Sender(http, created["session"])
        first, twin = [await attach(http, sender, f"{n}.png", png(1)) for n in "ab"]
        other = await attach(http, sender, "c.png", png(2))
        series = made.series(tmp_path / "ct", 40, shape=(16, 16))
        ct = (await sender.folder(series)).json()["attachments"][0]["id"]

        await client.send("conversation.item.create", item=question("Is there an effusion?"))
        await client.send("response.create")
        await client.until("response.done")
        checks = client.of("assistant.attachment.checked")
        while len(checks) < 4:
            checks.append(await client.until("assistant.attachment.checked"))
        assert [each["attachment_id"] for each in checks] == [first, twin, other, ct]
        assert [each["index"] for each in checks] == [0, 0, 0, 20]
        assert all(each["note"].endswith("(by tiny-siglip; unverified)") for each in checks)
        assert checks[0]["share"] == pytest.approx(checks[1]["share"], abs=1e-6)

        labels = ["Marker of a pneumothorax", "a photo of skin"]
        await client.send("assistant.labels.score", attachment_id=first, labels=[*labels, " ", labels[0]])
        scored = (await client.until("assistant.labels.scored"))["scores"]
        model = load(folder, revision=None, threads=1)
        logits = (model.images([png(1)]) @ model.texts(labels).T)[0] * model.scale + model.bias
        by_label = {each["label"]: each for each in scored}
        assert list(by_label) == [labels[i] for i in np.argsort(-logits)]
        assert [by_label[each]["match"] for each in labels] == pytest.approx(
            1 / (1 + np.exp(-logits)), abs=1e-5
        )
        assert sum(each["share"] for each in scored) == pytest.approx(1)

        await client.send("assistant.similar.find", attachment_id=first)
        found = await client.until("assistant.similar.found")
        while found["looked_at"] < found["of"]:
            found = await client.until("assistant.similar.found")
        assert found["of"] == 2 + 16, "a long series is thinned out"
        best, *rest = found["images"]
        assert (best["attachment_id"], best["similarity"]) == (twin, pytest.approx(1, abs=1e-5))
        assert sorted(each["attachment_id"] for each in rest) == sorted([other, ct]), "the best slice alone"
        assert 0.999 > rest[0]["similarity"] > rest[1]["similarity"]
        await client.send("assistant.similar.find", attachment_id=ct, index=3)
        among = await client.until("assistant.similar.found", looked_at=3)
        assert ct not in [each["attachment_id"] for each in among["images"]]
        a_slice = next(each for each in rest if each["attachment_id"] == ct)
        small = await http.get(
            f"{sender.address}/attachments/{ct}", params={"i": a_slice["index"]}, **sender.options
        )
        assert small.status_code == 200 and small.headers["content-type"] == "image/jpeg"
        for wrong in ("40", "-1", "9999999", "x"):
            answer = await http.get(
                f"{sender.address}/attachments/{ct}", params={"i": wrong}, **sender.options
            )
            assert answer.json()["error"]["code"] == "slice_unknown"

        for wrong, code in [
            ({"attachment_id": "att_none", "labels": ["x"]}, "image_unknown"),
            ({"attachment_id": ct, "index": 40, "labels": ["x"]}, "image_unknown"),
            ({"attachment_id": ct, "labels": [" "]}, "labels_empty"),
            ({"attachment_id": ct, "labels": []}, "event_invalid"),
        ]:
            await client.send("assistant.labels.score", **wrong)
            assert await client.code() == code

        (process,) = server.components.embedder._pool._processes.values()
        os.kill(process.pid, signal.SIGKILL)
        await client.send("assistant.labels.score", event_id="e1", attachment_id=first, labels=labels)
        error = (await client.until("error"))["error"]
        assert (error["code"], error["event_id"]) == ("siglip_died", "e1")
        await client.send("assistant.labels.score", attachment_id=first, labels=labels)
        again = (await client.until("assistant.labels.scored"))["scores"]
        assert again == scored, "it was started again"

        await client.send("assistant.attachment.remove", attachment_id=twin)
        await client.until("assistant.attachment.removed")
        await client.send("assistant.similar.find", attachment_id=first)
        found = await client.until("assistant.similar.found")
        assert (found["of"], found["looked_at"]) == (17, 17) and twin not in str(found)
        assert {each[0] for each in server.hub.find(created["session"]["id"])._matching._vectors} == {
            first,
            other,
            ct,
        }
    await client.works()
    assert "Marker" not in caplog.text


async def test_without_a_model_nothing_is_checked_and_asking_says_how_to_have_one(server):
    client, created = await server.session()
    assert created["session"]["image_matcher"] is None
    async with httpx.AsyncClient(base_url=server.http, timeout=120) as http:
        image = await attach(http, Sender(http, created["session"]), "a.png", png(1))
    await client.send("assistant.labels.score", attachment_id=image, labels=["x"])
    error = (await client.until("error"))["error"]
    assert error["code"] == "siglip_off" and "--siglip-model" in error["message"]
    await client.send("assistant.similar.find", attachment_id=image)
    assert await client.code() == "siglip_off"
    assert not client.of("assistant.attachment.checked")


async def test_a_folder_without_a_model_says_so_when_the_server_starts(tmp_path):
    embedder = Embedder(str(tmp_path))
    with pytest.raises(Missing) as caught:
        await embedder.load()
    assert caught.value.code == "siglip_model_missing" and "--siglip-model" in caught.value.message
    await embedder.close()

"""A server without a medical model: what it says over the wire."""

import pytest

from assistant.engines.stand_in import DECLINED, GREETED, IMAGES_NOT_SEEN, StandIn
from assistant.guidelines.library import Library
from tests.server.conftest import loud

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="


async def ask(client, text):
    item = {"role": "user", "content": [{"type": "input_text", "text": text}]}
    await client.send("conversation.item.create", item=item)
    await client.send("response.create")
    created = await client.until("response.created")
    done = await client.until("response.done")
    assert done["response"]["status"] == "completed"
    return created, done["response"]["output"][0]["content"][0]["text"]


@pytest.fixture
async def connected(start_server):
    server = await start_server(engine=StandIn("Nothing was found."))
    client, created = await server.session()
    return server, client, created["session"]["engine"]


async def test_the_session_says_that_no_medical_model_is_connected_and_why(connected):
    _, _, engine = connected
    assert engine["declines"] and engine["stand_in"] and not engine["sees_images"]
    assert engine["name"] == "No medical model"
    assert engine["why"] == "Nothing was found."


async def test_spoken_and_typed_questions_are_declined_in_a_stream(connected):
    _, client, _ = connected
    await client.append(loud(0.6))  # "Is there a pneumothorax on this image?"
    done = await client.until("response.output_text.done")
    assert done["text"] == DECLINED
    assert len(client.of("response.output_text.delta")) > 5
    created, said = await ask(client, "What is the dose of amoxicillin?")
    assert created["engine"]["declines"]
    assert said == DECLINED


async def test_the_report_is_summarised_in_its_own_words(connected):
    _, client, _ = connected
    await client.append(loud(0.3))
    await client.until("conversation.item.input_audio_transcription.completed")
    _, said = await ask(client, "Summarise the report")
    assert "“The lungs are clear.”" in said
    _, said = await ask(client, "Hello")
    assert said == GREETED


async def test_no_model_is_given_an_image_a_record_or_a_question(connected, tmp_path):
    server, client, _ = connected
    content = [{"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}]
    await client.send("conversation.item.create", item={"role": "user", "content": content})
    await client.until("assistant.attachment.added")
    created, said = await ask(client, "What does this image show?")
    assert created["attachment_ids"]
    assert said == f"{DECLINED} {IMAGES_NOT_SEEN}"
    runner = next(iter(server.hub._runners.values()))
    sent = runner.conversation.sent(created["response"]["id"])
    assert sent is not None
    assert sent.parts == ()


async def test_passages_of_the_guidelines_are_listed_and_not_read(start_server, data_dir):
    library = Library(data_dir / "guidelines")
    server = await start_server(engine=StandIn(), guidelines_library=library)
    library.refresh()
    client, _ = await server.session()
    _, said = await ask(client, "What antibiotic do I give for mild pneumonia?")
    assert said.startswith(DECLINED)
    assert "No model has read them" in said
    assert client.of("assistant.response.sources")[-1]["sources"]
    assert "amoxicillin" not in said.lower()

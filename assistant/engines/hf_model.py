"""MedGemma (Gemma 3) through Hugging Face transformers, in this process.

Needs the extra ``medgemma``. ``hf_worker`` runs it in a process of its own.
"""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import PIL.Image
import torch
import transformers

from assistant.engines.base import Usage
from assistant.engines.hf_errors import not_loaded
from assistant.engines.hf_prefix import ImagePrefix
from assistant.errors import BadInput, EngineFailed, Missing
from assistant.installation import pip_command

Precision = Literal["auto", "bfloat16", "float32", "4bit"]
Message = dict[str, Any]

TRAINED_TOKENS = 32_768
"""MedGemma 1.5 was trained to this length; its configuration allows four times as much."""
LONGEST_CHARACTER_TOKENS = 8
"""A character that byte tokens spell has fewer; what still does not decode then is shown as it is."""


class LocalModel:
    """A Gemma 3 with its processor. Not thread-safe: one ``generate`` at a time."""

    def __init__(self, model: Any, processor: Any, *, name: str, revision: str, precision: str) -> None:
        self._model, self._processor = model.eval(), processor
        self._tokenizer = getattr(processor, "tokenizer", processor)
        self.name, self.revision, self.precision = name, revision, precision
        self.sees_images = hasattr(model.config, "vision_config")
        text_config = model.config.get_text_config()
        self.context_tokens = min(text_config.max_position_embeddings, TRAINED_TOKENS)
        eos = model.generation_config.eos_token_id
        self._ends = {*(eos if isinstance(eos, list) else [eos]), self._tokenizer.pad_token_id}
        self._images = ImagePrefix(model)
        self._stopped: Callable[[], bool] = lambda: False
        for layers in model.modules():
            if isinstance(layers, torch.nn.ModuleList):
                for layer in layers:
                    layer.register_forward_pre_hook(self._look)

    def _look(self, *_: object) -> None:
        """Before every layer, so that a stop need not wait for a long prompt to be read."""
        if self._stopped():
            raise _Stopped

    def forget(self) -> None:
        """The cached prefix of the last question's images."""
        self._images.forget()

    def generate(
        self,
        messages: list[Message],
        max_tokens: int,
        put: Callable[[str], None],
        stopped: Callable[[], bool],
        given: Callable[[list[str]], None] = lambda _: None,
    ) -> tuple[Usage, bool]:
        """Greedy; ``put`` gets the text as it grows, marks of thinking included. Ends within one layer of the
        model once ``stopped()``. Also whether the answer is whole. ``given`` gets the prompt as the model's
        template makes it, cut where an image stands.

        Raises ``BadInput`` (``prompt_too_long``, ``image_not_readable``) and ``EngineFailed``
        (``engine_out_of_memory``).
        """
        chat = [_with_pictures(message, self.sees_images) for message in messages]
        inputs = self._processor.apply_chat_template(
            chat,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
        prompt_tokens = inputs["input_ids"].shape[-1]
        if prompt_tokens + max_tokens > self.context_tokens:
            raise BadInput(
                "The question with its dictation and images is too long for this model.",
                code="prompt_too_long",
            )
        text = self._processor.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        given(text.split(self._processor.boi_token) if self.sees_images else [text])
        inputs = inputs.to(self._model.device)
        if "pixel_values" in inputs:
            inputs["pixel_values"] = inputs["pixel_values"].to(self._model.dtype)
        streamer = _Streamer(self._tokenizer, self._ends, put)
        self._stopped = stopped
        try:
            with torch.inference_mode():
                if "pixel_values" in inputs:
                    inputs = self._images.read(inputs)
                self._model.generate(
                    **inputs,
                    max_new_tokens=max_tokens,
                    do_sample=False,
                    top_k=None,
                    top_p=None,
                    streamer=streamer,
                )
        except _Stopped:
            streamer.end()
        except (torch.OutOfMemoryError, MemoryError):
            raise _out_of_memory() from None
        except RuntimeError as error:
            if "allocate memory" in str(error):
                raise _out_of_memory() from None
            raise
        finally:
            self._stopped = lambda: False
        return Usage(prompt_tokens, streamer.count), streamer.ended


class _Stopped(Exception):
    """The generation was told to stop."""


class _Streamer:
    """A streamer for ``generate``: token ids → text, whole characters at a time. The ids that end
    a turn are no text."""

    def __init__(self, tokenizer: Any, ends: set[int | None], put: Callable[[str], None]) -> None:
        self._tokenizer, self._ends, self._put = tokenizer, ends, put
        self._prompt = True
        self._waiting: list[int] = []
        self.count = 0
        self.ended = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompt:  # generate gives it first
            self._prompt = False
            return
        ids = value.flatten().tolist()
        self.count += len(ids)
        self.ended = ids[-1] in self._ends
        self._waiting += [each for each in ids if each not in self._ends]
        text = self._text()
        if not text.endswith("\N{REPLACEMENT CHARACTER}") or len(self._waiting) >= LONGEST_CHARACTER_TOKENS:
            self._flush(text)

    def end(self) -> None:
        self._flush(self._text())

    def _text(self) -> str:
        return str(self._tokenizer.decode(self._waiting, skip_special_tokens=False))

    def _flush(self, text: str) -> None:
        self._waiting.clear()
        if text:
            self._put(text)


def _with_pictures(message: Message, sees_images: bool) -> Message:
    """A message in OpenAI's form → in transformers' form."""
    if not sees_images:  # the template of a text model takes a string
        return {"role": message["role"], "content": "\n".join(part["text"] for part in message["content"])}
    return {"role": message["role"], "content": [_part(part) for part in message["content"]]}


def _part(part: Message) -> Message:
    if part["type"] != "image_url":
        return part
    data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    try:
        with PIL.Image.open(io.BytesIO(data)) as picture:
            return {"type": "image", "image": picture.convert("RGB")}
    except OSError:
        raise BadInput("An image cannot be read. Attach it again.", code="image_not_readable") from None


def _out_of_memory() -> EngineFailed:
    return EngineFailed("The model ran out of memory: ask with fewer images.", code="engine_out_of_memory")


# --- loading ---


def load(name: str, *, revision: str | None, precision: Precision, threads: int) -> LocalModel:
    """A model by its name on the hub, or from a directory. Downloads show their progress on standard error.

    Raises ``Missing``: ``engine_model_gated``, ``engine_model_missing``, ``engine_load_failed``,
    ``package_missing``.
    """
    torch.set_num_threads(threads)
    transformers.logging.set_verbosity_error()
    try:
        return _load(name, revision, precision)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise not_loaded(error, name, part="engine", option="--engine-model", family="Gemma 3") from None


def _load(name: str, revision: str | None, precision: Precision) -> LocalModel:
    where: dict[str, Any] = {"revision": revision} if revision else {}
    config = transformers.AutoConfig.from_pretrained(name, **where)
    gpu = torch.cuda.is_available()
    dtype = torch.float32
    if precision == "bfloat16" or (precision != "float32" and gpu and torch.cuda.is_bf16_supported()):
        dtype = torch.bfloat16  # never float16: Gemma 3 overflows in it
    options: dict[str, Any] = {"dtype": dtype, **where}
    if gpu:
        options["device_map"] = "auto"
    if precision == "4bit":
        options["quantization_config"] = _four_bit(dtype)
    sees = hasattr(config, "vision_config")
    kind = transformers.AutoModelForImageTextToText if sees else transformers.AutoModelForCausalLM
    model = kind.from_pretrained(name, **options)
    reader = transformers.AutoProcessor if sees else transformers.AutoTokenizer
    processor = reader.from_pretrained(name, **where)
    return LocalModel(
        model,
        processor,
        name=name if not Path(name).is_dir() else Path(name).resolve().name,
        revision=getattr(config, "_commit_hash", None) or revision or "",
        precision="4bit" if precision == "4bit" else str(dtype).removeprefix("torch."),
    )


def _four_bit(dtype: torch.dtype) -> Any:
    try:
        import bitsandbytes  # noqa: F401, PLC0415 (looked for before anything is downloaded)
    except ImportError:
        raise Missing(
            f"--engine-precision 4bit needs a package. Run: {pip_command('bitsandbytes')}",
            code="package_missing",
        ) from None
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )

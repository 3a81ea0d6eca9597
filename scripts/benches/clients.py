"""Tries stock clients, unmodified, with real sound on a real server. The last line is JSON.

They are installed in build/clients, apart from what the program needs: they ask for versions of their own.
With --node also OpenAI's agents for JavaScript, in Node and in Chromium, which needs npm.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "build" / "clients"
PACKAGES = ("openai-agents", "livekit-plugins-openai", "pipecat-ai[openai]")
SOUND = ROOT / "tests" / "data" / "audio" / "question.flac"
SPOKEN = "is there a"
"""Words that every client must hear of it, in lower case."""
TRIES_S = 240


async def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench clients", description=__doc__)
    parser.add_argument(
        "--node", action="store_true", help="try @openai/agents-realtime in Node and in Chromium, too"
    )
    args = parser.parse_args()
    python = await installed()
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "assistant", "serve", "--port", "0", "--engine", "stand-in", "--no-store",
        "--final-limit-s", "60",  # on a slow machine too, no client is refused
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = await ready(server)
        tries = [[str(python), str(Path(__file__).with_name("stock_clients.py"))]]
        rows = [row for command in tries for row in await tried(command, address)]
        if args.node:
            rows += await tried(["node", str(await installed_node())], address)
            rows += await tried(
                [sys.executable, str(Path(__file__).with_name("stock_browser.py"))], address, *await bundled()
            )
    finally:
        server.terminate()
        await server.wait()
    print("| client | version | |\n|---|---|---|")
    for row in rows:
        print(f"| {row['client']} | {row['version']} | {row['why'] or 'works'} |")
    failed = [row["client"] for row in rows if row["why"]]
    print(json.dumps({"clients": len(rows), "failed": failed}))
    return 1 if failed or not rows else 0


async def installed() -> Path:
    python = PLACE / "bin" / "python"
    if not python.exists():
        venv.create(PLACE, with_pip=True)
    await run(str(python), "-m", "pip", "install", "--quiet", *PACKAGES)
    return python


async def installed_node() -> Path:
    """The script beside its packages, where Node finds them."""
    packages = ("@openai/agents-realtime", "ws", "zod", "esbuild")
    await run("npm", "install", "--silent", "--prefix", str(PLACE), *packages)
    script = PLACE / "stock_agents.mjs"
    script.write_text(Path(__file__).with_name("stock_agents.mjs").read_text())
    return script


async def bundled() -> tuple[str, str]:
    """The script for a browser with all that it imports, and the version of what it tries."""
    source, script = PLACE / "stock_browser.js", PLACE / "bundle.js"
    source.write_text(Path(__file__).with_name("stock_browser.js").read_text())
    await run(str(PLACE / "node_modules/.bin/esbuild"), str(source), "--bundle", "--log-level=error",
              "--platform=browser", f"--outfile={script}")  # fmt: skip
    package = PLACE / "node_modules/@openai/agents-realtime/package.json"
    return str(script), str(json.loads(package.read_text())["version"])


async def run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise SystemExit(f"{' '.join(command)} failed")


async def ready(server: asyncio.subprocess.Process) -> str:
    assert server.stdout is not None
    while line := await server.stdout.readline():
        if found := re.search(rb"Ready: (http\S+?)/?$", line.strip()):
            return found[1].decode()
    raise SystemExit("the server did not start")


async def tried(command: list[str], address: str, *more: str) -> list[dict[str, str]]:
    """One row a client; ``why`` says what went wrong, and is empty when nothing did."""
    environment = os.environ | {"OPENAI_API_KEY": "any", "OPENAI_AGENTS_DISABLE_TRACING": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, address, str(SOUND), SPOKEN, *more, stdout=asyncio.subprocess.PIPE, env=environment
    )
    try:
        async with asyncio.timeout(TRIES_S):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        return [{"client": Path(command[-1]).stem, "version": "", "why": f"no end after {TRIES_S} s"}]
    lines = [line for line in out.decode().splitlines() if line.startswith('{"client"')]
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

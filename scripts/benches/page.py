"""Loading of the page over a slow line: requests, bytes and seconds to "Ready", in Chromium.

Run: scripts/bench page [--latency-ms 400] [--kbit-s 400] [--built]. A checkout serves the page as it is in
web/; after ``node scripts/bundle.mjs``, ``--built`` measures what a release serves.
"""

import argparse
import json
import shutil

from playwright.sync_api import Page, sync_playwright

from benches.serving import start_server


def measured(page: Page, url: str) -> dict[str, float]:
    page.goto(url, wait_until="commit")
    page.locator("#status-connection", has_text="Ready").wait_for(timeout=120_000)
    ready_s = page.evaluate("performance.now()") / 1000
    entries = page.evaluate(
        "performance.getEntries().filter(each => 'transferSize' in each).map(each => each.transferSize)"
    )
    return {
        "ready_s": round(ready_s, 2),
        "requests": len(entries),
        "kilobytes": round(sum(entries) / 1000, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=400)
    parser.add_argument("--kbit-s", type=float, default=400)
    parser.add_argument("--built", action="store_true", help="the bundle")
    args = parser.parse_args()
    server, url = start_server([])
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page()
            network = page.context.new_cdp_session(page)
            network.send("Network.enable")
            bytes_s = args.kbit_s * 1000 / 8
            network.send(
                "Network.emulateNetworkConditions",
                {"offline": False, "latency": args.latency_ms, "downloadThroughput": bytes_s,
                 "uploadThroughput": bytes_s},
            )  # fmt: skip
            address = f"{url}/built.html" if args.built else f"{url}/"
            first, second = measured(page, address), measured(page, address)
            browser.close()
    finally:
        server.terminate()
        server.wait(15)
    print(json.dumps({"bench": "page", "built": args.built, "latency_ms": args.latency_ms,
                      "kbit_s": args.kbit_s, "first": first, "again": second}))  # fmt: skip


if __name__ == "__main__":
    main()

"""The yardstick for dialing: a bare loop over the official package, with no bookkeeping at all.

Places COUNT calls with CONCURRENCY workers and prints one line of JSON: calls, refused, wall seconds and the CPU seconds of
this process. Every call goes to a number of its own, as a campaign's would. No webhook is received, nothing is stored.

Usage: bare_dial.py BASE_URL API_KEY CONNECTION_ID COUNT CONCURRENCY
"""

import asyncio
import json
import sys
import time

import telnyx


async def main() -> None:
    base_url, api_key, connection_id, count, concurrency = sys.argv[1:6]
    numbers = iter(range(int(count)))
    calls = refused = 0
    async with telnyx.AsyncTelnyx(
        api_key=api_key, base_url=base_url, max_retries=0, http_client=telnyx.DefaultAioHttpClient()
    ) as client:

        async def worker() -> None:
            nonlocal calls, refused
            for n in numbers:
                try:
                    await client.calls.dial(connection_id=connection_id, from_="+12025550100", to=f"+1312{n:07d}")
                    calls += 1
                except telnyx.APIStatusError:
                    refused += 1

        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(worker() for _ in range(int(concurrency))))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"calls": calls, "refused": refused, "wallSeconds": wall, "cpuSeconds": cpu}))


if __name__ == "__main__":
    asyncio.run(main())

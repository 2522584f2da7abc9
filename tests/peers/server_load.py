"""Load on `everform serve`: mixed requests, a part of them aborted, beside idle and slow clients.

    python3 tests/peers/server_load.py [--requests 10000] [--clients 24] [--idle 4000] [--slow 64]

Every survivor's text must equal the text that the same request gets alone. Needs Python's standard library
only. Prints one JSON object; exits 1 where something does not hold.
"""
import argparse
import asyncio
import json
import random
import resource
import sys

from server_program import Server

WORDS = "the of and to in river stone light small green old house water night road sings runs falls".split()


def make_requests(count, kinds, seed):
    """`count` requests of `kinds` different ones, so that each can be compared with itself alone."""
    source = random.Random(seed)
    different = []
    for i in range(kinds):
        words = int(2 ** source.uniform(0, 8.5))
        body = {"prompt": f"{i} " + " ".join(source.choices(WORDS, k=words)), "max_tokens": source.randint(1, 64)}
        if source.random() < 0.5:
            body["temperature"] = 0
        else:
            body.update(temperature=1.0, top_p=0.95, seed=source.randint(1, 1 << 30))
        different.append(body)
    return [(kind := source.randrange(kinds), dict(different[kind], stream=source.random() < 0.2),
             source.random() < 0.2) for _ in range(count)], different


class Gone(Exception):
    pass


async def ask(port, body, abort_after=None):
    """The text of one completion. With `abort_after` the connection is closed after so many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        data = json.dumps(body).encode()
        writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(data) + data)
        reading = reader.read()
        if abort_after is not None:
            try:
                await asyncio.wait_for(reading, abort_after)
            except asyncio.TimeoutError:
                pass
            raise Gone
        head, _, rest = (await asyncio.wait_for(reading, 600)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    status = int(head.split()[1])
    if status != 200:
        return status, None
    if b"chunked" not in head:
        return status, json.loads(rest)["choices"][0]["text"]
    text = ""
    for line in rest.split(b"\n"):
        if line.startswith(b"data: {"):
            event = json.loads(line[6:])
            text += event["choices"][0]["text"]
    if b"data: [DONE]" not in rest:
        return 0, text
    return status, text


async def hold_idle(port, count):
    """Connections that begin a request and say nothing more."""
    held = []
    for i in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        if i % 2:
            writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: loc")
        held.append(writer)
    return held


async def hold_slow(port, count):
    """Streams whose clients read nothing."""
    body = json.dumps({"prompt": "slow", "max_tokens": 32, "stream": True, "logprobs": 5}).encode()
    held = []
    for _ in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        held.append(writer)
    return held


async def run(server, arguments):
    requests, different = make_requests(arguments.requests, arguments.kinds, arguments.seed)
    alone = [(await ask(server.port, body))[1] for body in different]
    held = await hold_idle(server.port, arguments.idle) + await hold_slow(server.port, arguments.slow)
    tally = {"equal": 0, "different": 0, "aborted": 0, "refused": 0, "broken": 0}
    memory = []
    queue = iter(enumerate(requests))
    source = random.Random(arguments.seed + 1)

    async def client():
        for i, (kind, body, aborted) in queue:
            if i % 100 == 0:
                memory.append((i, server.resident_bytes()))
            try:
                status, text = await ask(server.port, body, source.expovariate(2.0) if aborted else None)
            except Gone:
                tally["aborted"] += 1
                continue
            except OSError:
                tally["broken"] += 1
                continue
            if status == 200:
                tally["equal" if text == alone[kind] else "different"] += 1
            else:
                tally["refused" if status in (429, 503) else "broken"] += 1

    await asyncio.gather(*(client() for _ in range(arguments.clients)))
    for writer in held:
        writer.close()
    for _ in range(100):
        figures = server.metrics()
        if figures["everform_sequences_running"] == 0 and figures["everform_sequences_waiting"] == 0:
            break
        await asyncio.sleep(0.1)
    return tally, memory, figures


def slope(points):
    """Bytes per 1,000 requests over the second half, when caches are full."""
    points = points[len(points) // 2:]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return 1000 * sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--requests", type=int, default=10000)
    parser.add_argument("--kinds", type=int, default=200, help="how many of them differ")
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--idle", type=int, default=4000)
    parser.add_argument("--slow", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("options", nargs="*", help="further options of serve, behind --")
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Server(arguments.model, *arguments.options) as server:
        tally, memory, figures = asyncio.run(run(server, arguments))
        seconds, status = server.stop()
    result = {**tally, "stuck": figures["everform_sequences_running"] + figures["everform_sequences_waiting"],
              "reserved_bytes": figures["everform_reserved_bytes"], "bytes_per_1000_requests": slope(memory),
              "drain_seconds": seconds, "exit_status": status}
    print(json.dumps(result))
    good = not (tally["different"] or tally["broken"] or tally["refused"] or result["stuck"] or
                result["reserved_bytes"] or status) and seconds < 5
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

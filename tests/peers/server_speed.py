"""How fast `everform serve` answers: its start, 8 streams at once, and a short request beside a long prompt.

    python3 tests/peers/server_speed.py [--model smollm2-135m-instruct] [-- --threads 2]

Needs Python's standard library only. Prints one JSON object.
"""
import argparse
import http.client
import json
import threading
import time

from server_program import Server


def stream(server, body, times):
    """Appends the times at which pieces of text came."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    connection.request("POST", "/v1/completions", json.dumps(dict(body, stream=True, ignore_eos=True, temperature=0)))
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    for line in answer:
        if line.startswith(b"data: {"):
            times.append(time.monotonic())
    connection.close()


def first_chat(model, options):
    """Seconds from the program's start to /health, and to the first token of a chat."""
    with Server(model, *options, ready=False) as server:
        server.get("/health")
        health = time.monotonic() - server.began
        while True:
            status, _ = server.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1})
            if status == 200:
                return health, time.monotonic() - server.began
            time.sleep(0.01)


def many_streams(server, streams, prompt, new):
    """Tokens a second of all together, prompts included in the time."""
    threads = []
    times = [[] for _ in range(streams)]
    began = time.monotonic()
    for i in range(streams):
        tokens = [1000 + 37 * i + k for k in range(prompt)]
        threads.append(threading.Thread(target=stream, args=(server, {"prompt": tokens, "max_tokens": new}, times[i])))
        threads[-1].start()
    for thread in threads:
        thread.join()
    last_first = max(own[0] for own in times)
    end = max(own[-1] for own in times)
    decoding = sum(sum(1 for t in own if t > last_first) for own in times) / (end - last_first)
    return streams * new / (end - began), decoding


def beside_a_long_prompt(server, long):
    """Seconds to the first token of a short request that comes while a long prompt is read."""
    waits = []
    for i in range(3):
        tokens = [2000 + (7 * k + i) % 4000 for k in range(long)]
        reading = threading.Thread(target=stream, args=(server, {"prompt": tokens, "max_tokens": 1}, []))
        reading.start()
        time.sleep(0.7)
        began = time.monotonic()
        times = []
        stream(server, {"prompt": [100 + i, 200, 300, 400, 500, 600, 700, 800], "max_tokens": 2}, times)
        waits.append(times[0] - began)
        waits.append("while reading" if reading.is_alive() else "after reading")
        reading.join()
    return waits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="smollm2-135m-instruct")
    parser.add_argument("--streams", type=int, default=8)
    parser.add_argument("options", nargs="*")
    arguments = parser.parse_args()
    health, chat = first_chat(arguments.model, arguments.options)
    with Server(arguments.model, *arguments.options) as server:
        many_streams(server, 1, 128, 16)
        one = many_streams(server, 1, 128, 128)
        all_of_them = many_streams(server, arguments.streams, 128, 128)
        waits = beside_a_long_prompt(server, 4096)
        seconds, status = server.stop()
    print(json.dumps({"health_seconds": health, "first_chat_token_seconds": chat, "one_stream_tokens_per_second": one,
                      "streams": arguments.streams, "streams_tokens_per_second": all_of_them,
                      "short_request_first_token_seconds": waits, "drain_seconds": seconds, "exit_status": status}))


if __name__ == "__main__":
    main()

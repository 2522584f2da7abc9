"""The official OpenAI client against `everform serve`, unmodified. Needs `pip install openai`.

    python tests/peers/server_openai.py
"""
import json

import openai
from server_program import Server

MODEL = "smollm2-135m-instruct"
ASK = [{"role": "user", "content": "Name three rivers."}]
PERSON = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 120}},
          "required": ["name", "age"], "additionalProperties": False}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The weather of a city", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"], "additionalProperties": False}}}]


def chats(client):
    whole = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=24, temperature=0, logprobs=True, top_logprobs=3)
    choice = whole.choices[0]
    assert choice.finish_reason == "length" and whole.usage.completion_tokens == 24
    assert len(choice.logprobs.content) == 24 and len(choice.logprobs.content[0].top_logprobs) == 3
    assert whole.model_extra["deterministic"] is True
    text, usage = "", None
    for piece in client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=24, temperature=0, stream=True,
                                                stream_options={"include_usage": True}):
        text += (piece.choices[0].delta.content or "") if piece.choices else ""
        usage = piece.usage or usage
    assert text == choice.message.content and usage.completion_tokens == 24
    seeded = [client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=24, temperature=1, seed=7, n=2) for _ in range(2)]
    assert [c.message.content for c in seeded[0].choices] == [c.message.content for c in seeded[1].choices]
    assert seeded[0].choices[0].message.content != seeded[0].choices[1].message.content


def holds_forms(client):
    answer = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Describe a person as JSON."}], max_tokens=100,
        response_format={"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}})
    person = json.loads(answer.choices[0].message.content)
    assert set(person) == {"name", "age"} and 0 <= person["age"] <= 120
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Reply in JSON."}], max_tokens=200,
                                            temperature=0, response_format={"type": "json_object"})
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content), dict)


def calls_tools(client):
    for stream in (False, True):
        answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "How is the weather in Oslo?"}],
                                                tools=TOOLS, tool_choice="required", max_tokens=60, temperature=0, stream=stream)
        if stream:
            calls = [call for piece in answer for call in piece.choices[0].delta.tool_calls or []]
        else:
            assert answer.choices[0].finish_reason == "tool_calls"
            calls = answer.choices[0].message.tool_calls
        assert len(calls) == 1 and calls[0].function.name == "weather"
        assert set(json.loads(calls[0].function.arguments)) == {"city"}


def completes(client):
    answer = client.completions.create(model=MODEL, prompt=["The capital of France is", "One two three"], max_tokens=4, temperature=0,
                                       logprobs=2, echo=True)
    assert answer.choices[0].text.startswith("The capital of France is Paris")
    assert answer.choices[1].logprobs.token_logprobs[0] is None
    text = "".join(piece.choices[0].text for piece in
                   client.completions.create(model=MODEL, prompt="The capital of France is", max_tokens=4, temperature=0, stream=True))
    assert text == answer.choices[0].text[len("The capital of France is"):]


def embeds(client):
    vectors = client.embeddings.create(model="all-minilm-l6-v2", input=["a cat", "a kitten", "the stock market"])
    a, b, c = (entry.embedding for entry in vectors.data)
    dot = lambda x, y: sum(p * q for p, q in zip(x, y))
    assert len(a) == 384 and abs(dot(a, a) - 1) < 1e-3 and dot(a, b) > dot(a, c)


def refuses(client):
    for error, request in [(openai.NotFoundError, {"model": "other"}), (openai.BadRequestError, {"temperature": 9}),
                           (openai.BadRequestError, {"max_tokens": 1 << 20})]:
        try:
            client.chat.completions.create(**{"model": MODEL, "messages": ASK, **request})
        except error as refused:
            assert refused.body["message"]
        else:
            raise AssertionError(request)


def main():
    with Server(MODEL, "--embedder", "all-minilm-l6-v2") as server:
        client = openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=120)
        assert [model.id for model in client.models.list()] == [MODEL, "all-minilm-l6-v2"]
        for test in (chats, completes, holds_forms, calls_tools, embeds, refuses):
            test(client)
            print(test.__name__, "ok")
        seconds, status = server.stop()
        assert status == 0 and seconds < 5


if __name__ == "__main__":
    main()

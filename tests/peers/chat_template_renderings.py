"""Writes what Jinja makes of templates, set up as `transformers` sets it up for chat templates.

    python -m venv venv && venv/bin/pip install jinja2
    venv/bin/python tests/peers/chat_template_renderings.py tests/core/text/data/chat_template_renderings.json

A case is a template (or the name of one), the name of its variables, and its output; null where Jinja refuses it.
"""

import json
import sys
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(jinja2.ext.Extension):
    """{% generation %}: the text is written as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_written"), [], [], body).set_lineno(line)

    def _written(self, caller):
        return caller()


class Namespace(jinja2.utils.Namespace):
    """Refuses attributes that begin with an underscore."""

    def __init__(*args, **attributes):
        for name in attributes:
            Namespace._check(name)
        jinja2.utils.Namespace.__init__(args[0], *args[1:], **attributes)

    def __setitem__(self, name, value):
        Namespace._check(name)
        jinja2.utils.Namespace.__setitem__(self, name, value)

    @staticmethod
    def _check(name):
        if name.startswith("_"):
            raise jinja2.exceptions.SecurityError(name)


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    jinja = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    jinja.filters["tojson"] = tojson
    jinja.globals["raise_exception"] = raise_exception
    jinja.globals["namespace"] = Namespace
    jinja.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return jinja


TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "Weather of a \"city\" <ü>",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
                   "required": ["city"]}}}]


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


CONVERSATIONS = {
    "one turn": turns(("user", "Hi")),
    "system": turns(("system", " Be brief.\n"), ("user", "  What is 2+2? "), ("assistant", " 4 \n"), ("user", "Thanks")),
    "ends with the assistant": turns(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")),
    "two users": turns(("user", "a"), ("user", "b")),
    "assistant first": turns(("assistant", "a")),
    "empty": [],
    "tools": turns(("user", "weather?")) + [
        {"role": "assistant", "content": "", "tool_calls": [
            {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Bern", "n": 1.5}}}]},
        {"role": "tool", "content": "{\"t\": 3}"}, {"role": "tool", "content": "ok"}] + turns(
            ("assistant", "3"), ("user", "ok")),
}

VARIABLES = {
    "values": {
        "a": 3, "b": -7, "f": 2.5, "s": "Hello World", "u": "straße ÉCOLE 東京 🙂",
        "l": [1, "x", None, True, 2.5, [1, 2]], "d": {"k": 1, "z": "v", "items": 5, "n": {"m": [1, 2]}}, "e": [], "es": "",
        "n": None, "t": True,
        "msgs": [{"role": "user", "content": "Q1", "x": 2}, {"role": "assistant", "content": "A1", "x": 1},
                 {"role": "user", "content": "q2"}],
        "ws": " \t\n pad \u00a0\n"},
}
for name, messages in CONVERSATIONS.items():
    for prompt in (False, True):
        common = {"messages": messages, "add_generation_prompt": prompt, "bos_token": "<s>", "eos_token": "</s>"}
        VARIABLES[f"{name}, {'with' if prompt else 'without'} generation prompt"] = common
        if name == "tools":
            VARIABLES[f"{name} given, {'with' if prompt else 'without'} generation prompt"] = {**common, "tools": TOOLS}

# The prompt formats of well-known families, written with the features that their own templates lean on.
FAMILIES = {
    "chatml": r"""{% for turn in messages %}{% if loop.first and turn['role'] != 'system' %}
{{ '<|im_start|>system\nYou help.<|im_end|>\n' }}{% endif %}{{ '<|im_start|>' + turn['role'] + '\n' + turn['content'] + '<|im_end|>' + '\n' }}
{%- endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""",
    "llama-2": r"""{% set briefing = '' %}
{% set turns = messages %}
{% if turns and turns[0]['role'] == 'system' %}
    {% set briefing = '<<SYS>>\n' + turns[0]['content'] | trim + '\n<</SYS>>\n\n' %}
    {% set turns = turns[1:] %}
{% endif %}
{% for turn in turns %}
    {% if (loop.index0 % 2 == 0) != (turn['role'] == 'user') %}
        {{ raise_exception('turn ' ~ loop.index ~ ' is out of order') }}
    {% endif %}
    {% set text = (briefing if loop.first else '') + turn['content'] %}
    {% if turn['role'] == 'assistant' %}
        {{ ' ' + text | trim + ' ' + eos_token }}
    {% else %}
        {{ bos_token + '[INST] ' + text | trim + ' [/INST]' }}
    {% endif %}
{% endfor %}""",
    "llama-3": r"""{{- bos_token -}}
{%- if today is not defined -%}{%- set today = "26 Jul 2024" -%}{%- endif -%}
{%- set system = messages[0].content | trim if messages and messages[0].role == 'system' else "" -%}
{%- set turns = messages[1:] if system else messages -%}
{%- macro head(role) -%}
    {{- "<|start_header_id|>" ~ role ~ "<|end_header_id|>\n\n" -}}
{%- endmacro -%}
{{- head("system") }}{{ "Today Date: " + today + "\n\n" }}
{%- for tool in tools or [] %}
    {{- tool | tojson(indent=4) ~ "\n\n" }}
{%- endfor %}
{{- system ~ "<|eot_id|>" }}
{%- for turn in turns %}
    {%- if 'tool_calls' in turn %}
        {%- if turn.tool_calls | length > 1 %}{{ raise_exception("one call at a time") }}{% endif %}
        {%- set call = turn.tool_calls[0].function %}
        {{- head("assistant") + '{"name": "' + call.name + '", "parameters": ' ~ call.arguments | tojson }}
        {{- "}<|eot_id|>" }}
    {%- elif turn.role in ['tool', 'ipython'] %}
        {{- head("ipython") }}
        {%- if turn.content is iterable and turn.content is not string %}
            {{- turn.content | tojson }}
        {%- else %}
            {{- turn.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- else %}
        {{- head(turn.role) + turn['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- head("assistant") }}
{%- endif %}""",
    "mistral with tools": r"""{{- bos_token }}
{%- set asked = messages | selectattr("role", "equalto", "user") | list %}
{%- set count = namespace(spoken=0) %}
{%- for turn in messages if turn.role != "tool" and turn.tool_calls is not defined %}
    {%- if (count.spoken % 2 == 0) != (turn["role"] == "user") %}
        {{- raise_exception("out of order after " ~ count.spoken) }}
    {%- endif %}
    {%- set count.spoken = count.spoken + 1 %}
{%- endfor %}
{%- for turn in messages %}
    {%- if turn.role == "user" %}
        {%- if tools is defined and turn == asked[-1] %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {{- '{' }}
                {%- for name, value in tool.function.items() if name != "return" %}
                    {{- '"' + name + '": ' ~ ('"' + value + '"' if value is string else value | tojson) }}
                    {{- ', ' if not loop.last }}
                {%- endfor %}
                {{- '}' ~ ('' if loop.last else ', ') }}
            {%- endfor %}
            {{- "][/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {{- "[INST] " + turn["content"] + "[/INST]" }}
    {%- elif turn.tool_calls is defined and turn.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for call in turn.tool_calls %}
            {%- set text = call.function | tojson %}
            {{- text[:-1] + ', "id": "' ~ loop.index0 ~ '"}' }}{% if not loop.last %}, {% endif %}
        {%- endfor %}
        {{- "]" + eos_token }}
    {%- elif turn.role == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + turn.content | string + "}[/TOOL_RESULTS]" }}
    {%- else %}
        {{- " " + turn.content | trim + eos_token }}
    {%- endif %}
{%- endfor %}""",
    "qwen with tools": r"""{%- set system = messages[0].content if messages and messages[0]['role'] == 'system' else 'You help.' -%}
<|im_start|>system
{{ system }}
{%- if tools %}
    {{- '\n\n<tools>' }}
    {%- for tool in tools %}{{- '\n' ~ tool | tojson }}{%- endfor %}
    {{- '\n</tools>' }}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- for turn in messages %}
    {%- set after_tool = loop.previtem is defined and loop.previtem.role == 'tool' %}
    {%- set before_tool = loop.nextitem is defined and loop.nextitem.role == 'tool' %}
    {%- if turn.role == 'tool' %}
        {{- '' if after_tool else '<|im_start|>user' }}
        {{- '\n<tool_response>\n' ~ turn.content ~ '\n</tool_response>' }}
        {{- '' if before_tool else '<|im_end|>\n' }}
    {%- elif turn.role != 'system' or not loop.first %}
        {{- '<|im_start|>' + turn.role }}
        {{- '\n' + turn.content if turn.content }}
        {%- for call in turn.tool_calls %}
            {%- if call.function is defined %}{% set call = call.function %}{% endif %}
            {{- '\n<tool_call>\n{"name": "' ~ call.name ~ '", "arguments": ' ~ call.arguments | tojson ~ '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{{- '<|im_start|>assistant\n' if add_generation_prompt }}""",
    "zephyr": r"""{% for turn in messages %}
{% if turn['role'] in ('system', 'user', 'assistant') %}
{{ '<|' + turn['role'] + '|>
' + turn['content'] + eos_token }}
{% endif %}
{% if add_generation_prompt and loop.last %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
    "gemma": r"""{{ bos_token }}{% for turn in messages %}{% if turn['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}
{%- set role = {'assistant': 'model'}.get(turn['role'], turn['role']) -%}
{% if loop.index is odd and role != 'user' %}{{ raise_exception('a user speaks first') }}{% endif %}
{{ '<start_of_turn>' ~ role }}
{{ turn['content'] | trim ~ '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model
' }}{% endif %}""",
    "phi-3": r"""{% for turn in messages if turn.content or turn.role != 'system' %}{{ '<|' ~ turn.role ~ '|>
' ~ turn.content ~ '<|end|>
' }}{% endfor %}{{ '<|assistant|>
' if add_generation_prompt else eos_token }}""",
    "reasoning with macros": r"""{%- macro thought(text) -%}
<think>{{ text.split('</think>')[0].split('<think>')[-1].strip('\n') }}</think>
{%- endmacro -%}
{%- set ns = namespace(last=messages|length - 1, found=false) -%}
{%- for m in messages[::-1] -%}
  {%- if not ns.found and m.role == 'user' -%}
    {%- set ns.last = messages|length - loop.index -%}{%- set ns.found = true -%}
  {%- endif -%}
{%- endfor -%}
{%- for m in messages -%}
  {%- if loop.index0 > ns.last and m.role == 'assistant' -%}{{ thought(m.content) }}{%- endif -%}
  [{{ loop.index0 }}/{{ ns.last }}] {{ m.role|upper }}: {% generation %}{{ m.content.lstrip() or '-' }}{% endgeneration %}{{ '\n' }}
{%- endfor -%}""",
}

# One expression a line.
EXPRESSIONS = r'''a+b
a-b
a*b
a/b
b//2
b%3
-b//2
7//-2
-7%3
7%-3
2**10
2**-1
a**2
2**3**2
-2**2
f+a
f//1
f%1
-f
+a
1/3
1e20
1e15
1e16
123456789.123
1e-5
0.0001
10.0
0.1+0.2
1_000
not a
a and b
n or s
es or n
s and ''
a<b
a<=3
a==3.0
t==1
1<2<3
3>2>2
'a'<'b'
[1,2]<[1,3]
'ell' in s
'x' in l
2.5 in l
'k' in d
1 not in e
a ~ s ~ f ~ n ~ t
'x' * 3
[1]*2
3*'ab'
-1*'ab'
[1]+[2,3]
(1,2)+(3,)
(1,2)
(1,)
()
[]
{}
{'a':1,'b':[None,True]}
{1:2,1.0:3,True:4}
{'a':1,}
[1,2,]
l
d
d.k
d['z']
d['items']
d.n.m[1]
d.missing
d.missing is defined
d.missing.more
missing
missing.x
missing + 1
missing ~ 'x'
missing == missing2
missing in l
'x' in missing
missing|length
missing|list
missing|default('D')
n|default('D')
n|default('D', true)
n|default('D', boolean=true)
es|d('D',true)
l[0]
l[-1]
l[10]
l[1:3]
l[::-1]
l[::2]
l[-2:]
l[:-1]
l[5:1]
l[5:1:-2]
l[none:none]
s[0]
s[-1]
s[1:4]
s[::-1]
u[7:12]
u[0]
s[100]
a[0]
l.0
u|length
s|upper
u|upper
u|lower
u|title
s|lower|title
"it's a-b (c) [d] x.y"|title
"it's a-b (c)".title()
s|capitalize
u.capitalize()
ws|trim
ws.strip()
ws.lstrip()
ws.rstrip()
'xxabxx'.strip('x')
'xyab'.lstrip('yx')
'abxy'|trim('yx')
'a,b,,c'.split(',')
'a,b,,c'.split(',',1)
'a,b,,c'.rsplit(',',1)
'aaa'.rsplit('aa')
'aaa'.split('aa')
'  a  b c '.split()
'  a  b c '.split(none,1)
'  a  b c '.rsplit(none,1)
'a b'.split(maxsplit=1)
'a\nb\r\nc\n'.splitlines()
'a\nb\r\nc'.splitlines(true)
s.startswith('He')
s.startswith(('x','H'))
s.endswith('ld')
s.endswith(('x','y'))
s.replace('o','0')
s.replace('o','0',1)
s.replace('','-')
s|replace('l','L')
s|replace('l','L',1)
a|replace('3','4')
s.find('W')
u.find('東')
s.find('zz')
s.rfind('o')
s.count('o')
s.count('')
', '.join(['a','b'])
', '.join([1])
l|join(',')
l|join
msgs|join(', ',attribute='role')
s|join('-')
'12'.isdigit()
'1a'.isalnum()
'ab'.isalpha()
' \n'.isspace()
''.isdigit()
'ABC'.isupper()
'aBC'.islower()
'abc'.islower()
'1'.isupper()
'prefix-x'.removeprefix('prefix-')
'x.txt'.removesuffix('.txt')
'x.txt'.removesuffix('y')
l|length
d|length
d|count
a|length
l|first
l|last
e|first
e|last
s|first
s|last
d|first
d|list
s|list
a|list
a|string
l|string
'12'|int
' 12 '|int
'1.9'|int
'x'|int
'x'|int(5)
f|int
n|int
t|int
'1e3'|float
'x'|float
'x'|float(1.5)
a|float
d|items|list
d.items()|list
d.keys()|list
d.values()|list
d.get('k')
d.get('q')
d.get('q',7)
l|tojson
d|tojson
d|tojson(indent=2)
[]|tojson(indent=2)
{}|tojson(indent=2)
[[],{}]|tojson(indent=2)
u|tojson
u|tojson(ensure_ascii=true)
'"\\\n\t\r\x08\x0c\x01\x7f/<>&'|tojson
d|tojson(sort_keys=true)
d|tojson(separators=(',',':'))
missing|tojson
1.0|tojson
1e20|tojson
(1,2)|tojson
{1:2,none:3,true:4}|tojson
msgs|map(attribute='role')|list
msgs|map(attribute='x')|list
msgs|map(attribute='x',default=0)|list
['a','b']|map('upper')|list
['a ',' b']|map('trim')|join('+')
[1,2]|map('string')|join
['ab']|map('replace','a','c')|list
msgs|selectattr('role','equalto','user')|list|length
msgs|selectattr('x')|list|length
msgs|selectattr('x','defined')|map(attribute='content')|join
msgs|rejectattr('role','eq','user')|list|length
msgs|rejectattr('x','defined')|list|length
[1,0,2,none]|select|list
[1,0,2,none]|reject|list
[1,2,3]|select('odd')|list
[1,2,3]|reject('odd')|list
[1,2,3]|select('gt',1)|list
[1,2,3]|select('in',[1,3])|list
s|reverse
l|reverse|list
[3,1,2]|sort
['b','A','c']|sort
['b','A','c']|sort(case_sensitive=true)
[3,1,2]|sort(reverse=true)
[1,'a']|sort
msgs[:2]|sort(attribute='x')|map(attribute='x')|list
['a','A','b','a']|unique|list
['a','A','b','a']|unique(case_sensitive=true)|list
{'b':1,'a':2}|dictsort
{'b':1,'a':2}|dictsort(by='value')
{'b':1,'a':2}|dictsort(reverse=true)
'a\nb\n\nc'|indent
'a\nb\n\nc'|indent(2,true)
'a\nb\n\nc'|indent(2,blank=true)
'a\nb'|indent('>>')
-3|abs
(-3)|abs
b|abs
(-2.5)|abs
s|safe
a is defined
missing is undefined
n is none
n is not none
s is string
a is string
a is number
t is number
f is number
a is integer
t is integer
f is float
t is boolean
a is boolean
t is true
t is false
1 is true
d is mapping
l is mapping
l is iterable
s is iterable
a is iterable
d is iterable
missing is iterable
l is sequence
s is sequence
d is sequence
a is sequence
range is callable
a is callable
a is odd
a is even
9 is divisibleby 3
9 is divisibleby(2)
a is sameas 3
n is sameas none
a is eq 3
a is ne 3
a is lt 4
a is gt 4
a is le 3
a is ge 3
'x' is in l
'q' is in l
'q' is not in l
'abc' is lower
'ABC' is upper
a is not defined or b is defined
not a is defined
a if t
a if not t
a if not t else b
a if n else b if n else f
(a if n) is defined
range(3)|list
range(1,4)|list
range(5,0,-2)|list
range(0)|list
range(3)|length
range(1,2,0)|list
dict(a=1,b=2)
dict({'a':1},b=2)
namespace(a=1).a
'a' 'b'
"\x41\u00e9\U0001F642\101\q\'"
'\\n'
true and True
False or none
None
a.b.c
1.5.x
'x'.upper().lower()
('a' ~ 'b').upper()
[1,2,3][1]
{'a':{'b':2}}['a'].b
{'a':{'b':2}}.a['b']
s[a]
d['k'+'']
d[n]
l['x']
s.nope()
nofunc()
1/0
1%0
1//0
0**-1
1+'a'
'a'+1
[1]+(2,)
n+1
-s
s<1
n<1
1 in 5
1 in s
{[1]:2}
'abc'[1:]['x']
a(1)
raise_exception('no!')
s|nofilter
s is notest
9223372036854775807 + 0
-9223372036854775807 - 1
"a" < "B"
'é' < 'z'
'é' > 'e'
1 == '1'
none == none
[1,[2]] == [1,[2]]
{'a':1} == {'a':1.0}
{'a':1} == {'b':1}
(1,) == [1]
'a' != 'b'
not not a
not(a)
(a)
((a))
a|string|length
a ~ (b|string)
a+b|abs
-a|abs
a*-b
a - -b
2*-3
'x' if 'y' in 'xyz' else 'z'
not 'y' in 'xyz'
'y' not in 'xyz' and true
1 if 2 > 1 else 0 ~ 'z'
loop
loop.index
true|string
1,2
1,
{'a': 'x'}['a']|upper
[{'a':1}]|map(attribute='a')|first
[[1,2],[3,4]]|map(attribute=0)|list
[{'a':{'b':5}}]|map(attribute='a.b')|list
[[1,2]]|map(attribute='0')|list
(1,2)|list
(1,2)|first
'abc'|list|join('|')
"{{ x }}"
'}}' ~ '%}'
3.0 // 2
3.5 % -2
-3.5 % 2
7.0 == 7
1e3|int
'a'|d
1.
u[:2].upper()
'ŒUVRE'.lower()
'ǆ'|title
'a\u2028b'.splitlines()
'\u3000x\u3000'.strip()
'\u200bx'.strip()
'\x1fx'.strip()
'½²'.isdigit()
'٣'.isdigit()
'\u00a0\xad\u200b\ue000\U000e0001é' ~ ''
['\u00a0\xad\u200b\ue000\U000e0001é"', "'", "\"'", '\\', '\x7f', '\x85']
'a' is in ['a']
a is in [1,2,3]
1.23456789012345678
123456789012345678
1.0e100
5e-324
0.00001234
12345678901234567.0'''

# One template a line; neighbouring lines are also put together, for white space around blocks.
TEMPLATES = r'''{% for m in msgs %}{{ loop.index }}/{{ loop.length }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.index0 }}{{ m.role }}{% endfor %}
{% for m in msgs if m.role == 'user' %}{{ loop.index }}:{{ m.content }}{% if not loop.last %},{% endif %}{% else %}none{% endfor %}
{% for m in e %}x{% else %}empty{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}
{% for c in 'aé🙂' %}[{{ c }}]{% endfor %}
{% for x in missing %}x{% else %}none{% endfor %}
{% for x in 5 %}x{% endfor %}
{% for i in range(3) %}{% for j in range(2) %}{{ i }}{{ j }}{{ loop.depth }} {% endfor %}{% endfor %}
{% for i in range(10) %}{% if i == 3 %}{% continue %}{% endif %}{% if i == 6 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in range(3) %}{{ loop.cycle('a','b') }}{% endfor %}
{% for i in [1,2,3] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }};{% endfor %}
{% for i in [1,2,3] %}{{ loop.previtem is defined }}{% endfor %}
{% set x = 1 %}{% for i in range(3) %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=1) %}{% for i in range(3) %}{% set ns.x = ns.x + 1 %}{% endfor %}{{ ns.x }}{{ ns.y is defined }}
{% set x, y = 1, 2 %}{{ x }}{{ y }}
{% set x, y = [1, 2, 3] %}{{ x }}
{% set (x, y) = (1, 2) %}{{ x }}
{% set x %}a{{ a }}b{% endset %}{{ x }}|{{ x|length }}
{% set x | upper %}a{{ s }}b{% endset %}{{ x }}
{% set x | trim | length %} ab {% endset %}{{ x }}
{% if a > 5 %}1{% elif a > 2 %}2{% else %}3{% endif %}
{% if n %}1{% elif es %}2{% else %}3{% endif %}
{% if a == 3 and b < 0 or missing %}yes{% endif %}
{% if missing is defined and missing.x %}y{% else %}n{% endif %}
{% macro m(x, y='d') %}<{{ x }}-{{ y }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(y=5, x=6) }}{{ m() }}
{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(4) }}
{% macro m() %}{{ q }}{% endmacro %}{% set q = 5 %}{{ m() }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1,2) }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m(z=2) }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m('a') | upper }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ 'p' ~ m('a') + 'z' }}
{% set i = 9 %}{% macro m() %}{{ i }}{% endmacro %}{% for i in range(2) %}{{ m() }}{% endfor %}
{% generation %}x{{ a }}{% endgeneration %}y
{% generation %}{% set z = 1 %}{% endgeneration %}{{ z }}
a  {{- a -}}  b
a  {{ a }}  b
a {#- c -#} b
a {# c #} b
  {# c #}
x {% raw %}{{ a }} {% if %}{% endraw %} y
{%- raw -%}  {{ a }}  {%- endraw -%}  y
  {%+ if true %}x{% endif %}
{% if true +%}
x{% endif %}
{% if true %}
x{% endif %}
	{% if true %}tab{% endif %}
x	{% if true %}tab{% endif %}
{{ a }}
{{ a }}
{% if true %}{% endif %}
{% set a = 5 %}
{{ a }}
{%set a=5%}{{a}}
{% if a %}
{% set x = 1 %}
{% endif %}
{{ x }}
{{ {'a':{'b':1}}['a']['b'] }}
{{ {'a':{'b':1}} }}
{{ "}}" }}
{% if "%}" %}x{% endif %}
{{ a
  +
  b }}
{% for m in msgs %}
{{ m.role }}
{% endfor %}
{% for m in msgs -%}
  {{ m.role }}
{%- endfor %}
{% unknown %}
{% if a %}
{% endif %}{% endif %}
{% for %}{% endfor %}
{{ a
{% if a
{# a
{{ a + }}
{{ a b }}
{{ }}
{{ (a }}
{{ a) }}
{{ 'a }}
{% set = 5 %}
{% set a 5 %}
{% set a.b = 5 %}
{% break %}
{% else %}
{% endfor %}
{% for a in b %}
{% include 'x' %}
{% extends 'x' %}
{% call m() %}{% endcall %}
{% do x %}
{% import 'x' as y %}
{{ a | }}
{{ a.'x' }}
{{ a is }}
{{ a.1 }}
{{ l.0 }}{{ l.5 }}
{{ [1,2 }}
{{ {1:2 }}
{{ {1} }}
{{ a ? b : c }}
{{ a && b }}
{{ $x }}
{{ a; b }}
text only
{{ '{{' }}
{ { a } }
{%- for i in range(3) -%} {{ i }} {%- endfor -%}
{% for a, b in [[1,2],[3,4]] %}{{ a }}{{ b }}{% endfor %}
{% for a, b in [[1,2],[3]] %}{{ a }}{{ b }}{% endfor %}
{% for (a, b) in [[1,2]] %}{{ a }}{{ b }}{% endfor %}
{% for i in range(3) if i %}{{ i }}{{ loop.length }}{% endfor %}
{% for m in msgs %}{% if loop.first %}{% set q = 1 %}{% endif %}{{ q }}{% endfor %}{{ q }}
{% for i in range(2) %}{% for j in range(2) %}{% if j %}{% break %}{% endif %}{{ i }}{{ j }}{% endfor %}{% endfor %}
{% set ns = namespace() %}{% set ns.a = 1 %}{% set ns.b = ns.a + 1 %}{{ ns.b }}{{ ns.c }}
{% set ns = namespace(_a=1) %}
{{ namespace(a=1)['a'] }}
{% set x = namespace(l=[]) %}{% for i in range(3) %}{% set x.l = x.l + [i] %}{% endfor %}{{ x.l }}
{{ msgs[0].content if msgs else '' }}{{ msgs[-1]['content'] }}{{ msgs[1:]|length }}
{% for message in msgs[::-1] %}{{ message.content }}{% endfor %}
{%- set a = '' -%}
{{- 'x' -}}   
y'''


def templates():
    """Pairs of a template and the name of its variables."""
    for template in FAMILIES:
        for name in VARIABLES:
            if name != "values":
                yield template, name
    for expression in EXPRESSIONS.split("\n"):
        yield "{{ " + expression + " }}", "values"
    lines = TEMPLATES.split("\n")
    for count in (1, 2, 3):
        for begin in range(0, len(lines) - count + 1, count):
            for end in ("\n", "\r\n") if count > 1 else ("\n",):
                yield end.join(lines[begin:begin + count]) + (end if begin % 4 == 0 else ""), "values"


def render(jinja, template, variables):
    try:
        return jinja.from_string(FAMILIES.get(template, template)).render(**variables)
    except Exception:  # whatever goes wrong is a refusal
        return None


def entries(dictionary):
    return ",\n  ".join(json.dumps(key) + ": " + json.dumps(value, ensure_ascii=False) for key, value in dictionary.items())


def main(out):
    jinja = environment()
    cases = [[template, name, render(jinja, template, VARIABLES[name])] for template, name in templates()]
    rows = ",\n  ".join(json.dumps(case, ensure_ascii=False) for case in cases)
    with open(out, "w", encoding="utf-8") as stream:
        stream.write(f'{{"made_by": "jinja2 {jinja2.__version__}",\n "variables": {{\n  {entries(VARIABLES)}}},\n')
        stream.write(f' "templates": {{\n  {entries(FAMILIES)}}},\n "cases": [\n  {rows}]}}\n')


if __name__ == "__main__":
    main(*sys.argv[1:])

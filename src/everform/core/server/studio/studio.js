// The studio: chat, model facts and runs, against the server that sent this page.
import { drawCurves } from '/studio/curves.js';

const byId = (id) => document.getElementById(id);
let conversation = [];
let controller = null;

function headers() {
  const key = byId('key').value.trim();
  const all = { 'Content-Type': 'application/json' };
  if (key) all.Authorization = `Bearer ${key}`;
  return all;
}

async function getJson(path) {
  const response = await fetch(path, { headers: headers() });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error?.message ?? response.statusText);
  return body;
}

// --- pages ---------------------------------------------------------------------------------------------------

const tabs = ['chat', 'model', 'runs'].map((name) => byId(`tab-${name}`));

function showTab(tab) {
  for (const other of tabs) {
    const chosen = other === tab;
    other.setAttribute('aria-selected', chosen);
    other.tabIndex = chosen ? 0 : -1;
    byId(other.getAttribute('aria-controls')).hidden = !chosen;
  }
  if (tab === byId('tab-model')) showModel();
  if (tab === byId('tab-runs')) listRuns();
}

for (const tab of tabs) {
  tab.addEventListener('click', () => showTab(tab));
  tab.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    showTab(next);
    next.focus();
  });
}

async function showHealth() {
  try {
    const health = await getJson('/health');
    byId('status').textContent = `${health.model}: ${health.status}`;
    if (health.status === 'loading') setTimeout(showHealth, 500);
  } catch {
    byId('status').textContent = 'the server does not answer';
    setTimeout(showHealth, 3000);
  }
}

// --- chat ----------------------------------------------------------------------------------------------------

function addMessage(role) {
  const item = document.createElement('li');
  item.className = role;
  const who = document.createElement('span');
  who.className = 'who';
  who.textContent = role === 'user' ? 'You' : 'Model';
  const text = document.createElement('span');
  text.className = 'text';
  item.append(who, text);
  byId('messages').append(item);
  item.scrollIntoView({ block: 'end' });
  return text;
}

function addToken(place, entry) {
  const span = document.createElement('span');
  const probability = Math.exp(entry.logprob);
  span.className = `token ${probability > 0.5 ? 'likely' : probability > 0.1 ? 'unsure' : 'unlikely'}`;
  span.textContent = entry.text;
  span.tabIndex = -1;
  span.entry = entry;
  place.append(span);
}

function showCard(span) {
  const card = byId('token-card');
  const table = document.createElement('table');
  const rows = [span.entry, ...span.entry.top_logprobs.filter((other) => other.token !== span.entry.token)];
  for (const row of rows) {
    const line = table.insertRow();
    line.insertCell().textContent = JSON.stringify(row.token);
    line.insertCell().textContent = `${(100 * Math.exp(row.logprob)).toFixed(1)} %`;
  }
  card.replaceChildren(table);
  card.hidden = false;
  const box = span.getBoundingClientRect();
  const left = Math.min(box.left, window.innerWidth - card.offsetWidth - 8);
  const below = box.bottom + card.offsetHeight + 8 < window.innerHeight;
  card.style.setProperty('left', `${Math.max(8, left)}px`);
  card.style.setProperty('top', `${below ? box.bottom + 4 : box.top - card.offsetHeight - 4}px`);
}

const messages = byId('messages');
const hideCard = () => { byId('token-card').hidden = true; };
messages.addEventListener('mouseover', (event) => {
  if (event.target.classList.contains('token')) showCard(event.target); else hideCard();
});
messages.addEventListener('mouseleave', hideCard);
messages.addEventListener('focusin', (event) => {
  if (event.target.classList.contains('token')) showCard(event.target); else hideCard();
});
messages.addEventListener('focusout', hideCard);
// The arrows walk over the tokens, so that their probabilities can be read without a mouse.
messages.addEventListener('keydown', (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const all = [...messages.querySelectorAll('.token')];
  if (!step || all.length === 0) return;
  event.preventDefault();
  const at = all.indexOf(document.activeElement);
  all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))].focus();
});

function chatRequest() {
  const system = byId('system').value.trim();
  const number = (id) => Number(byId(id).value);
  const scored = byId('probabilities').checked;
  return {
    messages: system ? [{ role: 'system', content: system }, ...conversation] : conversation,
    stream: true,
    stream_options: { include_usage: true },
    temperature: number('temperature'),
    top_p: number('top_p'),
    top_k: number('top_k'),
    min_p: number('min_p'),
    max_tokens: number('max_tokens'),
    seed: number('seed'),
    ...(scored ? { logprobs: true, top_logprobs: 5 } : {}),
  };
}

// Calls visit(data) for every event of a stream.
async function readEvents(response, visit) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    pending += value;
    const events = pending.split('\n\n');
    pending = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, '');
      if (data !== '[DONE]') visit(JSON.parse(data));
    }
  }
}

// Spreads a piece of text over its tokens; a token whose bytes are no text alone goes with its neighbour.
function addPiece(place, choice) {
  const entries = choice.logprobs?.content ?? [];
  const joined = entries.map((entry) => entry.token).join('');
  if (entries.length > 0 && joined === choice.delta.content) {
    for (const entry of entries) addToken(place, { ...entry, text: entry.token });
  } else {
    place.append(choice.delta.content);
  }
}

async function answer() {
  const own = conversation;  // "Clear" begins another
  const place = addMessage('assistant');
  controller = new AbortController();
  byId('send').disabled = true;
  byId('stop').disabled = false;
  let text = '';
  let tokens = 0;
  let first = 0;
  const showSpeed = () => {
    const seconds = (performance.now() - first) / 1000;
    if (tokens > 1 && seconds > 0) byId('speed').textContent = `${((tokens - 1) / seconds).toFixed(1)} tokens/s`;
  };
  try {
    const response = await fetch('/v1/chat/completions', {
      method: 'POST', headers: headers(), body: JSON.stringify(chatRequest()), signal: controller.signal,
    });
    if (!response.ok) throw new Error((await response.json()).error?.message ?? response.statusText);
    await readEvents(response, (event) => {
      if (event.error) throw new Error(event.error.message);
      const choice = event.choices[0];
      if (!choice?.delta?.content) return;
      first ||= performance.now();
      tokens += choice.logprobs?.content?.length ?? 1;
      text += choice.delta.content;
      addPiece(place, choice);
      showSpeed();
      if (messages.scrollHeight - messages.scrollTop - messages.clientHeight < 200) {
        messages.scrollTop = messages.scrollHeight;
      }
    });
    byId('announcement').textContent = `The model answered: ${text}`;
  } catch (error) {
    if (error.name === 'AbortError') {
      byId('announcement').textContent = 'Stopped.';
    } else {
      place.classList.add('error');
      place.append(`${text ? '\n' : ''}${error.message}`);
      byId('announcement').textContent = `Error: ${error.message}`;
    }
  } finally {
    controller = null;
    byId('send').disabled = false;
    byId('stop').disabled = true;
    if (text) {
      own.push({ role: 'assistant', content: text });
    } else {
      own.pop();
    }
  }
}

byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const content = byId('message').value.trim();
  if (!content || controller || !byId('settings').reportValidity()) return;
  byId('message').value = '';
  addMessage('user').textContent = content;
  conversation.push({ role: 'user', content });
  answer();
});
byId('message').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId('composer').requestSubmit();
  }
});
byId('settings').addEventListener('submit', (event) => event.preventDefault());
const stop = () => controller?.abort();
byId('stop').addEventListener('click', stop);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') stop();
});
byId('clear').addEventListener('click', () => {
  stop();
  conversation = [];
  messages.replaceChildren();
  byId('speed').textContent = '';
  byId('message').focus();
});

// --- model ---------------------------------------------------------------------------------------------------

async function showModel() {
  const list = byId('facts');
  list.replaceChildren();
  const add = (name, value) => {
    const term = document.createElement('dt');
    const fact = document.createElement('dd');
    term.textContent = name.replaceAll('_', ' ');
    fact.textContent = typeof value === 'number' ? value.toLocaleString() : String(value);
    list.append(term, fact);
  };
  try {
    for (const model of (await getJson('/v1/models')).data) {
      add('name', model.id);
      add('kind', model.kind);
      for (const [name, value] of Object.entries(model.facts ?? {})) add(name, value);
    }
  } catch (error) {
    add('error', error.message);
  }
}

// --- runs ----------------------------------------------------------------------------------------------------

let shownRun = null;

function drawRun() {
  const svg = shownRun && drawCurves(shownRun.series, byId('logarithmic').checked);
  const caption = document.createElement('figcaption');
  caption.textContent = svg ? `Losses of ${shownRun.name}` : 'This run has no figure with a loss.';
  byId('curve').replaceChildren(...(svg ? [svg] : []), caption);
  byId('recipe').textContent = shownRun?.recipe ?? '';
}

async function showRun() {
  try {
    shownRun = await getJson(`/studio/run?name=${encodeURIComponent(byId('run').value)}`);
    drawRun();
  } catch (error) {
    byId('runs-note').textContent = error.message;
  }
}

async function listRuns() {
  try {
    const { runs, shown } = await getJson('/studio/runs');
    const chosen = byId('run').value;
    byId('run').replaceChildren(...runs.map((run) => new Option(run.name, run.name)));
    byId('runs-note').textContent = runs.length > 0 ? `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}`
      : shown ? 'There is no run in the folder.' : 'Start the server with --runs DIR to see runs here.';
    if (runs.length > 0) {
      if (runs.some((run) => run.name === chosen)) byId('run').value = chosen;
      showRun();
    }
  } catch (error) {
    byId('runs-note').textContent = error.message;
  }
}

byId('run').addEventListener('change', showRun);
byId('logarithmic').addEventListener('change', drawRun);

showHealth();

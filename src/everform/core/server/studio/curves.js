// Loss curves as SVG.

const kWidth = 800;
const kHeight = 360;
const kMargin = { left: 64, right: 16, top: 16, bottom: 40 };

function element(name, attributes, text) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// Round numbers between low and high, about `count` of them.
function ticks(low, high, count) {
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const all = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) all.push(value);
  return all;
}

// As ticks, for logarithms: 1, 2 and 5 times the powers of ten, where enough of them lie between.
function logarithmicTicks(low, high) {
  const all = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const digit of [1, 2, 5]) all.push(power + Math.log10(digit));
  }
  const inside = all.filter((y) => y >= low && y <= high);
  return inside.length > 1 ? inside : ticks(low, high, 3);
}

function shown(value) {
  return Number(value.toPrecision(4)).toString();
}

/// series: {name: [[step, value], ...]}. Values that are not positive are left out of a logarithmic axis.
export function drawCurves(series, logarithmic) {
  const scale = logarithmic ? Math.log10 : (v) => v;
  const curves = Object.entries(series)
    .map(([name, points]) => [name, points.filter(([, v]) => Number.isFinite(v) && (!logarithmic || v > 0))])
    .filter(([, points]) => points.length > 0);
  if (curves.length === 0) return null;
  const xs = curves.flatMap(([, points]) => points.map(([x]) => x));
  const ys = curves.flatMap(([, points]) => points.map(([, y]) => scale(y)));
  const span = (values) => values.reduce(([lo, hi], v) => [Math.min(lo, v), Math.max(hi, v)], [Infinity, -Infinity]);
  const [x0, x1] = span(xs);
  const [y0, y1] = span(ys);
  const px = (x) => kMargin.left + ((x - x0) / (x1 - x0 || 1)) * (kWidth - kMargin.left - kMargin.right);
  const py = (y) => kHeight - kMargin.bottom - ((y - y0) / (y1 - y0 || 1)) * (kHeight - kMargin.top - kMargin.bottom);

  const names = curves.map(([name]) => name).join(', ');
  const svg = element('svg', { viewBox: `0 0 ${kWidth} ${kHeight}`, role: 'img' });
  const last = curves.map(([name, points]) => `${name} ${shown(points[points.length - 1][1])}`).join(', ');
  svg.append(element('title', {}, `${names} against the training step; at the end: ${last}`));
  for (const y of logarithmic ? logarithmicTicks(y0, y1) : ticks(y0, y1, 5)) {
    svg.append(element('line', { class: 'grid', x1: kMargin.left, x2: kWidth - kMargin.right, y1: py(y), y2: py(y) }));
    const label = shown(logarithmic ? 10 ** y : y);
    svg.append(element('text', { x: kMargin.left - 8, y: py(y) + 4, 'text-anchor': 'end' }, label));
  }
  for (const x of ticks(x0, x1, 6)) {
    svg.append(element('text', { x: px(x), y: kHeight - kMargin.bottom + 18, 'text-anchor': 'middle' }, shown(x)));
  }
  svg.append(element('text', { x: kWidth / 2, y: kHeight - 4, 'text-anchor': 'middle' }, 'step'));
  curves.forEach(([name, points], i) => {
    const color = i % 4;
    const path = points.map(([x, y], k) => `${k ? 'L' : 'M'}${px(x).toFixed(1)} ${py(scale(y)).toFixed(1)}`).join('');
    svg.append(element('path', { class: `curve curve-${color}`, d: path }));
    const y = kMargin.top + 16 * (i + 1);
    svg.append(element('rect', { class: `legend-${color}`, x: kWidth - 170, y: y - 9, width: 12, height: 10 }));
    svg.append(element('text', { x: kWidth - 152, y }, name));
  });
  return svg;
}

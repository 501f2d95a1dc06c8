
// Charts of the last minutes, as SVG.
const WINDOW_S = 300;
const LEAST_WINDOW_S = 60;  // while the page is younger than that
const SPACE = {right: 10, top: 8, bottom: 20};
const LEAST_LEFT = 54;  // for the labels of values

// The least of 1, 2, 4, 6, 8, 10, 20 … that is not below `value`: half of it is a good number, too.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].find((step) => step * power >= value * 0.999999) * power;
}

class Chart {
  // options: {title, unit, format(value), series: [{key, label, colour, dashed}], stacked, least}
  constructor(options) {
    Object.assign(this, options);
    this.at = null;  // seconds before now that the cursor is at
    this.left = LEAST_LEFT;
    this.window = LEAST_WINDOW_S;  // seconds from the left to the right
    this.samples = [];
    this.sum = make('span');
    this.svg = make('svg', {tabindex: 0, role: 'img'});
    this.legend = make('ul', {class: 'legend'});
    this.outputs = this.series.map((one) => {
      const sign = make(
          'svg', {'aria-hidden': 'true', viewBox: '0 0 24 12'}, make('path', {
            d: this.stacked ? 'M0 1H24V11H0Z' : 'M0 6H24',
            class:
                `${this.stacked ? 'area' : 'series'} ${one.colour}${one.dashed ? ' dashed' : ''}`
          }));
      const output = make('output');
      this.legend.append(make('li', {}, sign, one.label, output));
      return output;
    });
    this.figure =
        make('figure', {}, make('figcaption', {}, this.title, this.sum), this.svg, this.legend);
    this.listen();
  }

  listen() {
    this.svg.addEventListener('pointermove', (event) => {
      const box = this.svg.getBoundingClientRect();
      const width = box.width - this.left - SPACE.right;
      const part = (event.clientX - box.left - this.left) / width;
      this.point(Math.round((1 - part) * this.window));
    });
    this.svg.addEventListener('pointerleave', () => this.point(null));
    this.svg.addEventListener('blur', () => this.point(null));
    this.svg.addEventListener('keydown', (event) => {
      const step = {ArrowLeft: 5, ArrowRight: -5, Home: WINDOW_S, End: -WINDOW_S}[event.key];
      if (step === undefined) return;
      event.preventDefault();
      this.point((this.at ?? 0) + step);
    });
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  point(at) {
    this.at = at === null ? null : Math.min(Math.max(at, 0), Math.floor(this.window));
    this.draw();
  }

  update(samples, now) {
    this.samples = samples;
    this.now = now;
    const age = (now - samples[0].at) / 1000;
    this.window = Math.min(Math.max(age, LEAST_WINDOW_S), WINDOW_S);
    this.draw();
  }

  // The sample at the cursor, or the latest one.
  chosen() {
    if (this.at === null) return this.samples.at(-1);
    const wanted = this.now - this.at * 1000;
    return this.samples.find((one) => Math.abs(one.at - wanted) <= PERIOD_MS);
  }

  most() {
    let most = 0;
    for (const sample of this.samples) {
      const values = this.series.map((one) => sample[one.key] ?? 0);
      most =
          Math.max(most, this.stacked ? values.reduce((a, b) => a + b, 0) : Math.max(...values));
    }
    return nice(Math.max(most, this.least));
  }

  draw() {
    const box = {width: this.svg.clientWidth, height: this.svg.clientHeight};
    if (box.width === 0 || this.now === undefined) return;
    const top = this.most();
    const right = box.width - SPACE.right;
    const bottom = box.height - SPACE.bottom;
    this.left = this.space([top / 2, top]);
    const x = (at) => right - (this.now - at) / 1000 / this.window * (right - this.left);
    const y = (value) => bottom - value / top * (bottom - SPACE.top);
    const parts = [...this.axes(top, x, y, right, bottom), ...this.lines(x, y)];
    const sample = this.chosen();
    if (this.at !== null) {
      const cursor = x(this.now - this.at * 1000);
      parts.push(
          make('line', {class: 'cursor', x1: cursor, x2: cursor, y1: SPACE.top, y2: bottom}));
    }
    this.svg.replaceChildren(...parts);
    this.describe(sample);
  }

  // What the labels of the axis need, in the browser's own font.
  space(values) {
    const labels = values.map((value) => make('text', {}, this.format(value)));
    this.svg.append(...labels);
    const widths = labels.map((label) => label.getComputedTextLength());
    return Math.max(LEAST_LEFT, Math.ceil(Math.max(...widths)) + 8);
  }

  axes(top, x, y, right, bottom) {
    const parts = [];
    for (const value of [0, top / 2, top]) {
      const at = Math.round(y(value)) + 0.5;
      parts.push(make('line', {class: 'grid', x1: this.left, x2: right, y1: at, y2: at}));
      if (!this.whole || Number.isInteger(value)) {
        parts.push(make(
            'text', {x: this.left - 6, y: at + 4, 'text-anchor': 'end'}, this.format(value)));
      }
    }
    const step = this.window > 150 ? 60 : 30;
    for (let ago = 0; ago < this.window; ago += step) {
      const anchor = ago === 0 ? 'end' : 'middle';
      const label = ago === 0 ? 'now' : ago % 60 === 0 ? `−${ago / 60} min` : `−${ago} s`;
      const place = {x: x(this.now - ago * 1000), y: bottom + 16, 'text-anchor': anchor};
      parts.push(make('text', place, label));
    }
    return parts;
  }

  // One path for each series; a missing sample leaves a gap.
  lines(x, y) {
    const floor = this.samples.map(() => 0);
    return this.series.map((one) => {
      const path = this.stacked ? this.area(one, x, y, floor) : this.line(one, x, y);
      const kind = this.stacked ? 'area' : 'series';
      return make(
          'path', {d: path, class: `${kind} ${one.colour}${one.dashed ? ' dashed' : ''}`});
    });
  }

  runs(key) {
    const runs = [];
    let before = null;
    this.samples.forEach((sample, index) => {
      const value = sample[key];
      if (value === null || value === undefined) {
        before = null;
        return;
      }
      if (before === null || sample.at - before > 3 * PERIOD_MS) runs.push([]);
      runs.at(-1).push([index, sample.at, value]);
      before = sample.at;
    });
    return runs;
  }

  line(one, x, y) {
    return this.runs(one.key)
        .map((run) => {
          const points = run.map(([, at, value]) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`);
          return `M${points.join('L')}` + (points.length === 1 ? 'h0.1' : '');
        })
        .join('');
  }

  area(one, x, y, floor) {
    return this.runs(one.key)
        .map((run) => {
          const low =
              run.map(([index, at]) => `${x(at).toFixed(1)} ${y(floor[index]).toFixed(1)}`);
          const high = run.map(([index, at, value]) => {
            floor[index] += value;
            return `${x(at).toFixed(1)} ${y(floor[index]).toFixed(1)}`;
          });
          return `M${high.join('L')}L${low.reverse().join('L')}Z`;
        })
        .join('');
  }

  describe(sample) {
    const values = this.series.map((one) => {
      const value = sample?.[one.key];
      return value === null || value === undefined ? '–' : this.format(value);
    });
    values.forEach((text, index) => setText(this.outputs[index], text));
    setText(this.sum, this.at === null ? this.unit : `${duration(this.at)} ago`);
    const said = this.series.map((one, index) => `${one.label} ${values[index]}`).join(', ');
    this.svg.setAttribute('aria-label', `${this.title}, ${this.unit}: ${said}`);
  }
}

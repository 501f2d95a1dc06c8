'use strict';
// The script of the status page is four files, one after the other: this one, status_charts.js,
// status_tables.js and status_page.js. This one makes elements and texts, and turns counters into
// rates. All write texts only, never HTML.
const PERIOD_MS = 1000;  // between two answers
const SVG = 'http://www.w3.org/2000/svg';
const $ = (id) => document.getElementById(id);
const formats = {
  count: new Intl.NumberFormat('en', {maximumFractionDigits: 0}),
  rate: new Intl.NumberFormat('en', {maximumFractionDigits: 1}),
  tenths: new Intl.NumberFormat('en', {minimumFractionDigits: 1, maximumFractionDigits: 1}),
};

function make(name, attributes = {}, ...children) {
  const svg = ['svg', 'path', 'line', 'text', 'g'].includes(name);
  const made = svg ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function duration(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const at = Math.min(units.findIndex(([size]) => seconds >= size), 2);
  if (seconds < 60) return `${seconds} s`;
  const [big, small] = [units[at], units[at + 1]];
  const rest = Math.floor((seconds % big[0]) / small[0]);
  return `${Math.floor(seconds / big[0])} ${big[1]}` + (rest ? ` ${rest} ${small[1]}` : '');
}

function milliseconds(value) {
  if (value >= 10000) return `${formats.rate.format(value / 1000)} s`;
  return `${value < 10 ? formats.rate.format(value) : formats.count.format(value)} ms`;
}

function shown(value, format) {
  if (value === null || value === undefined) return format === 'setter' ? 'configuration' : '–';
  if (typeof value !== 'number') return String(value);
  switch (format) {
    case 'seconds':
      return value < 0 ? 'expired' : duration(value);
    case 'percent':
      return `${value} %`;
    case 'limit':
      return value === 0 ? 'none' : formats.count.format(value);
    case 'plain':
      return String(value);
    case 'rate':
      return value > 0 && value < 0.05 ? '<0.1' : formats.tenths.format(value);
    case 'ms':
      return formats.tenths.format(value);
    default:
      return formats.count.format(value);
  }
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// What a counter has gained per second since the answer before. Nothing for the first answer, nor
// after a reload or a restart.
class Rates {
  constructor() {
    this.before = new Map();
    this.now = new Map();
  }
  begin(counting, seconds) {
    if (counting !== this.counting) this.now.clear();
    this.counting = counting;
    this.seconds = seconds;
    this.before = this.now;
    this.now = new Map();
  }
  of(key, value) {
    this.now.set(key, value);
    const before = this.before.get(key);
    if (before === undefined || value < before || !(this.seconds > 0)) return null;
    return (value - before) / this.seconds;
  }
}


// Fetches status.json once a second and shows it.
const PATIENCE_MS = 5000;
const MOST_PROBLEMS = 20;
const TITLE = document.title;
const STATES = ['live', 'warming', 'drained', 'disabled', 'ejected', 'dead'];

const perSecond = (value) => formats.rate.format(value);
const charts = [
  new Chart({
    title: 'Requests',
    unit: 'per second',
    format: perSecond,
    least: 1,
    series: [{key: 'requests', label: 'requests', colour: 'blue'}]
  }),
  new Chart({
    title: 'Response time',
    unit: 'of all backends',
    format: milliseconds,
    least: 1,
    series: [
      {key: 'p50', label: 'p50', colour: 'blue'},
      {key: 'p99', label: 'p99', colour: 'orange', dashed: true}
    ]
  }),
  new Chart({
    title: 'Errors',
    unit: 'per second',
    format: perSecond,
    least: 1,
    series: [
      {key: 'server', label: 'responses 5xx', colour: 'orange'},
      {key: 'client', label: 'responses 4xx', colour: 'purple', dashed: true},
      {key: 'failures', label: 'backend failures', colour: 'blue', dashed: true}
    ]
  }),
  new Chart({
    title: 'Backends',
    unit: 'by state',
    format: (value) => formats.count.format(value),
    least: 1,
    stacked: true,
    whole: true,
    series: [
      {key: 'live', label: 'live', colour: 'green'},
      {key: 'warming', label: 'warming', colour: 'yellow'},
      {key: 'drained', label: 'drained', colour: 'blue'},
      {key: 'disabled', label: 'disabled', colour: 'grey'},
      {key: 'ejected', label: 'ejected', colour: 'purple'},
      {key: 'dead', label: 'dead', colour: 'orange'}
    ]
  }),
];

const tables = [...document.querySelectorAll('section[data-kind]')].map((one) => new Table(one));

// The list is read aloud when it changes, so what changes all the time (`since`) is kept out of
// it.
function showProblems(problems) {
  const list = $('problem-list');
  const items = problems.slice(0, MOST_PROBLEMS);
  const signature = JSON.stringify([
    problems.length,
    ...items.map(({severity, object, name, text}) => [severity, object, name, text])
  ]);
  if (list.dataset.signature !== signature) {
    list.dataset.signature = signature;
    list.replaceChildren(...items.map(
        (one) => make(
            'li', {class: one.severity},
            make('strong', {}, [one.object, one.name].filter((part) => part !== null).join(' ')),
            ` ${one.text}`, make('span', {class: 'since', 'aria-hidden': 'true'}))));
    if (problems.length > MOST_PROBLEMS) {
      list.append(make('li', {class: 'more'}, `and ${problems.length - MOST_PROBLEMS} more`));
    }
  }
  items.forEach((one, index) => {
    const since = list.children[index].querySelector('.since');
    setText(since, one.since_s === null ? '' : `, for ${duration(one.since_s)}`);
  });
  list.hidden = problems.length === 0;
  const wrong = problems.filter(({severity}) => severity !== 'notice').length;
  $('fine').hidden = wrong !== 0;
  document.title = (wrong ? `(${wrong}) ` : '') + TITLE;
}

const rates = new Rates();
let samples = [];
let answeredAt = null;

const sumOf = (objects, key) => objects.reduce((sum, one) => sum + (one[key] ?? 0), 0);

// A backend counts as what the administrator has made it, whatever becomes of it then.
const stateOf = ({state, admin}) => admin === 'enabled' ? state : admin;

function showCounts(sample) {
  for (const item of $('counts').children) {
    const count = sample[item.dataset.state];
    setText(item.firstElementChild, formats.count.format(count));
    item.hidden = count === 0;
  }
}

function take(status, now) {
  const counting = `${status.process.pid} ${status.process.generation}`;  // by the same rows
  rates.begin(counting, answeredAt === null ? 0 : (now - answeredAt) / 1000);
  answeredAt = now;
  const sample = {at: now, p50: status.process.p50_ms, p99: status.process.p99_ms};
  sample.requests = rates.of('requests', status.process.requests);
  sample.failures = rates.of('failures', sumOf(status.backends, 'failures'));
  sample.server = rates.of('server', sumOf(status.listeners, 'status_5xx'));
  sample.client = rates.of('client', sumOf(status.listeners, 'status_4xx'));
  for (const state of STATES) sample[state] = 0;
  for (const backend of status.backends) ++sample[stateOf(backend)];
  samples = samples.filter((one) => now - one.at <= WINDOW_S * 1000);
  samples.push(sample);

  const {version, pid, generation, uptime_s: uptime, workers, clients} = status.process;
  setText(
      $('summary'),
      `Version ${version}, process ${pid}, generation ${generation}, ` +
          `up ${duration(uptime)}, workers ${workers}, clients ${formats.count.format(clients)}`);
  showProblems(status.problems);
  showCounts(sample);
  for (const table of tables) table.update([status[table.kind] ?? []].flat(), rates);
  for (const chart of charts) chart.update(samples, now);
}

let timer = 0;
let paused = false;
let asking = null;

function say(text) { setText($('state'), text); }

function lost(why) {
  const age = answeredAt === null ? 0 : performance.now() - answeredAt;
  const time = new Date(Date.now() - age).toLocaleString('sv');  // 2026-11-30 03:12:59
  const since = answeredAt === null ? '' : ` The figures below are from ${time}.`;
  setText($('lost'), `Pound cannot be reached: ${why}.${since} Trying again.`);
  $('lost').hidden = false;
  document.body.classList.add('stale');
  document.title = `(not reachable) ${TITLE}`;
  say('not reachable');
}

async function ask() {
  const mine = asking = new AbortController();
  const begun = performance.now();
  const patience = setTimeout(() => mine.abort(), PATIENCE_MS);
  try {
    const answer = await fetch('status.json', {cache: 'no-store', signal: mine.signal});
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
    const status = await answer.json();
    if (asking !== mine) return;
    $('lost').hidden = true;
    document.body.classList.remove('stale');
    say('updates every second');
    take(status, performance.now());
  } catch (error) {
    if (asking !== mine) return;
    const known = error.message.startsWith('it answers') ? error.message : 'no connection';
    lost(error.name === 'AbortError' ? 'no answer within 5 s' : known);
  } finally {
    clearTimeout(patience);
  }
  if (asking !== mine) return;
  timer = setTimeout(ask, Math.max(PERIOD_MS - (performance.now() - begun), 100));
}

function endAsking() {
  clearTimeout(timer);
  const ended = asking;
  asking = null;
  ended?.abort();
}

function goOn() {
  endAsking();
  if (paused) return say('paused');
  if (document.hidden) return say('paused while hidden');
  ask();
}

$('pause').addEventListener('click', () => {
  paused = !paused;
  setText($('pause'), paused ? 'Continue' : 'Pause');
  goOn();
});
document.addEventListener('visibilitychange', goOn);

document.documentElement.classList.add('js');
$('charts').replaceChildren(...charts.map((chart) => chart.figure));
goOn();

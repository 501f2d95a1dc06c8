
// The tables that the server has made: brings them up to date, filters and sorts them.
const collator = new Intl.Collator('en', {numeric: true});

function compare(a, b) {
  const missing = (value) => value === null || value === undefined;
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(a, b);
}

class Table {
  constructor(section) {
    this.section = section;
    this.kind = section.dataset.kind;
    this.body = section.querySelector('tbody');
    this.columns = [...section.querySelectorAll('thead th')].map(
        (head) => (
            {head, key: head.dataset.key, format: head.dataset.format, rate: head.dataset.rate}));
    this.rows = [];
    this.sort = null;
    this.filter = section.querySelector('input');
    this.count = section.querySelector('.count');
    this.filter.addEventListener('input', () => this.arrange());
    for (const column of this.columns) {
      const button = make('button', {type: 'button'}, column.head.textContent);
      button.addEventListener('click', () => this.sortBy(column));
      column.head.replaceChildren(button);
    }
  }

  sortBy(column) {
    const was = this.sort?.column === column ? this.sort.down : null;
    const first = column.head.classList.contains('number');  // the largest first
    this.sort = was === null ? {column, down: first} : {column, down: !was};
    for (const {head} of this.columns) head.removeAttribute('aria-sort');
    column.head.setAttribute('aria-sort', this.sort.down ? 'descending' : 'ascending');
    this.arrange();
  }

  add() {
    const cells = this.columns.map(({head}, index) => {
      const cell = make(index === 0 ? 'th' : 'td', index === 0 ? {scope: 'row'} : {});
      cell.className = head.className;
      return cell;
    });
    this.rows.push({line: make('tr', {}, ...cells), cells, values: [], texts: []});
  }

  update(objects, rates) {
    if (!this.taken) this.body.replaceChildren();  // what the server has made
    this.taken = true;
    while (this.rows.length < objects.length) this.add();
    this.rows.length = objects.length;
    objects.forEach((object, at) => {
      const row = this.rows[at];
      this.columns.forEach(({key, format, rate}, index) => {
        const value = rate ? rates.of(`${this.kind} ${at} ${rate}`, object[rate]) : object[key];
        const text = shown(value, format);
        row.values[index] = value;
        if (row.texts[index] === text) return;
        row.texts[index] = text;
        row.cells[index].textContent = text;
        if (index === 0) row.cells[index].title = text;
        if (key === 'state' || key === 'admin') row.cells[index].dataset.state = text;
      });
    });
    this.arrange();
  }

  // Puts the rows that the filter lets pass into the order of the user's choice. Touches only
  // what changes place.
  arrange() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) =>
        words.every((word) => row.texts.some((text) => text.toLowerCase().includes(word)));
    const rows = words.length === 0 ? [...this.rows] : this.rows.filter(fits);
    if (this.sort) {
      const at = this.columns.indexOf(this.sort.column);
      const sign = this.sort.down ? -1 : 1;
      rows.sort((a, b) => sign * compare(a.values[at], b.values[at]));
    }
    let next = this.body.firstElementChild;
    for (const {line} of rows) {
      if (line === next) {
        next = next.nextElementSibling;
      } else {
        this.body.insertBefore(line, next);
      }
    }
    while (next) {
      const gone = next;
      next = next.nextElementSibling;
      gone.remove();
    }
    const all = this.rows.length;
    this.section.hidden = all === 0;
    this.filter.hidden = all < 8;
    setText(this.count, rows.length === all ? String(all) : `${rows.length} of ${all}`);
  }
}

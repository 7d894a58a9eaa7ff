// The script inside the saved report. It reads the page's own data block and moves elements that are already there or that
// it makes itself; it knows no network and evaluates nothing.
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const WIDTH = 720;
  const HEIGHT = 200;
  const LEFT = 8;
  const RIGHT = 8;
  const TOP = 10;
  const BOTTOM = 22;
  const TICKS = 5;
  const BASE = HEIGHT - BOTTOM;

  const plots = JSON.parse(document.getElementById('plots').textContent);

  const formatMs = (ms) => {
    if (ms < 999.5) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
    return `${(ms / 1000).toFixed(ms < 9995 ? 2 : 1)} s`;
  };
  const formatBytes = (bytes) => {
    if (bytes < 1000) return `${bytes} B`;
    return bytes < 1000 * 1024 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
  };
  const eventsText = (count) => `${count} ${count === 1 ? 'event' : 'events'}`;
  const shape = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const key of Object.keys(attributes)) element.setAttribute(key, attributes[key]);
    return element;
  };
  const button = (text, press) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.textContent = text;
    element.addEventListener('click', press);
    return element;
  };

  for (const figure of document.querySelectorAll('figure[data-plot]')) {
    const data = plots[figure.dataset.plot];
    if (data) bringToLife(figure, data);
  }

  function bringToLife(figure, data) {
    const svg = figure.querySelector('svg');
    const lines = svg.querySelectorAll('.curve');
    const gaps = svg.querySelector('.gaps');
    const ticks = svg.querySelector('.ticks');
    const total = svg.querySelector('.total');
    const cursor = shape('line', { class: 'cursor', y1: TOP, y2: BASE, visibility: 'hidden' });
    const selection = shape('rect', { class: 'selection', y: TOP, height: BASE - TOP, visibility: 'hidden' });
    svg.append(selection, cursor);

    const { curves } = data;
    const hasEvents = curves.some(({ events }) => (events.at(-1) ?? 0) > 0);
    // Every moment at which something arrived in one of the curves: what the arrow keys step through.
    const times = [...new Set(curves.flatMap(({ atMs }) => atMs))].sort((one, other) => one - other);
    let unit = hasEvents ? 'events' : 'bytes';
    let from = 0;
    let to = data.endMs;
    let at = -1;
    let dragFrom = null;

    const controls = document.createElement('div');
    controls.className = 'controls';
    const readout = document.createElement('output');
    readout.textContent = 'Drag to zoom; arrow keys step from delivery to delivery.';
    const byEvents = button('Events', () => show('events'));
    const byBytes = button('Bytes', () => show('bytes'));
    const whole = button('Whole', () => zoom(0, data.endMs));
    controls.append(readout, ...(hasEvents ? [byEvents, byBytes] : []), whole);
    figure.append(controls);
    figure.tabIndex = 0;
    figure.setAttribute('role', 'group');
    figure.setAttribute(
      'aria-label',
      `${svg.getAttribute('aria-label')} Arrow keys step, plus and minus zoom.`,
    );

    const x = (ms) => LEFT + ((ms - from) / (to - from)) * (WIDTH - LEFT - RIGHT);
    const timeAt = (event) => {
      const box = svg.getBoundingClientRect();
      const part = (((event.clientX - box.left) / box.width) * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
      return from + Math.min(1, Math.max(0, part)) * (to - from);
    };

    function show(wanted) {
      unit = wanted;
      draw();
    }

    function zoom(wantedFrom, wantedTo) {
      if (wantedTo - wantedFrom < data.endMs / 1e4) return;
      from = Math.max(0, wantedFrom);
      to = Math.min(data.endMs, wantedTo);
      draw();
    }

    function draw() {
      const most = Math.max(1, ...curves.map((curve) => curve[unit].at(-1) ?? 0));
      const y = (value) => BASE - (value / most) * (BASE - TOP);
      const clamp = (ms) => Math.min(to, Math.max(from, ms));
      curves.forEach((curve, index) => {
        lines[index]?.setAttribute('d', pathOf(curve, y));
      });
      gaps.replaceChildren(
        ...data.gaps
          .filter(([start, end]) => end > from && start < to)
          .map(([start, end]) =>
            shape('rect', {
              class: 'gap',
              x: x(clamp(start)),
              y: TOP,
              width: x(clamp(end)) - x(clamp(start)),
              height: BASE - TOP,
            }),
          ),
      );
      ticks.replaceChildren(
        ...Array.from({ length: TICKS + 1 }, (_, index) => {
          const ms = from + ((to - from) * index) / TICKS;
          const anchor = index === 0 ? 'start' : index === TICKS ? 'end' : 'middle';
          const text = shape('text', { class: 'tick', x: x(ms), y: HEIGHT - 6, 'text-anchor': anchor });
          text.textContent = formatMs(ms);
          return text;
        }),
      );
      total.textContent = unit === 'events' ? eventsText(most) : formatBytes(most);
      byEvents.setAttribute('aria-pressed', String(unit === 'events'));
      byBytes.setAttribute('aria-pressed', String(unit === 'bytes'));
      whole.disabled = from === 0 && to === data.endMs;
      point(at);
    }

    function pathOf({ atMs, endMs, [unit]: values }, y) {
      let path = '';
      let last = 0;
      atMs.forEach((ms, index) => {
        if (ms >= from && ms <= to) {
          if (path === '') path = `M${LEFT} ${y(last)}`;
          path += `H${x(ms).toFixed(1)}V${y(values[index]).toFixed(1)}`;
        }
        if (ms <= to) last = values[index];
      });
      if (endMs < from) return '';
      if (path === '') path = `M${LEFT} ${y(last)}`;
      return `${path}H${x(Math.min(to, endMs)).toFixed(1)}`;
    }

    /** What a curve had by then. */
    function wordsAt({ label, atMs, events, bytes }, ms) {
      const index = atMs.findLastIndex((one) => one <= ms);
      const counted = hasEvents ? `${eventsText(events[index] ?? 0)}, ` : '';
      return `${label && `${label} `}${counted}${formatBytes(bytes[index] ?? 0)}`;
    }

    function point(index) {
      at = Math.min(times.length - 1, index);
      const ms = times[at];
      if (at < 0 || ms < from || ms > to) {
        cursor.setAttribute('visibility', 'hidden');
        return;
      }
      cursor.setAttribute('x1', x(ms));
      cursor.setAttribute('x2', x(ms));
      cursor.setAttribute('visibility', 'visible');
      const gap = at > 0 ? `, ${formatMs(ms - times[at - 1])} after the one before` : '';
      const words = curves.map((curve) => wordsAt(curve, ms)).join('; ');
      readout.textContent = `${formatMs(ms)} after the request: ${words}${gap}`;
    }

    /** Index of the time nearest to one. */
    function nearest(ms) {
      let low = 0;
      let high = times.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (times[middle] < ms) low = middle + 1;
        else high = middle;
      }
      const before = low - 1;
      if (low >= times.length) return before;
      return before >= 0 && ms - times[before] < times[low] - ms ? before : low;
    }

    svg.addEventListener('pointermove', (event) => {
      const ms = timeAt(event);
      if (dragFrom === null) {
        point(nearest(ms));
        return;
      }
      const [start, end] = [Math.min(dragFrom, ms), Math.max(dragFrom, ms)];
      selection.setAttribute('x', x(start));
      selection.setAttribute('width', x(end) - x(start));
      selection.setAttribute('visibility', 'visible');
    });
    svg.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      dragFrom = timeAt(event);
      svg.setPointerCapture(event.pointerId);
    });
    const drop = (event) => {
      if (dragFrom === null) return;
      const ms = timeAt(event);
      const [start, end] = [Math.min(dragFrom, ms), Math.max(dragFrom, ms)];
      dragFrom = null;
      selection.setAttribute('visibility', 'hidden');
      // A click is no selection.
      if (event.type === 'pointerup' && end - start > (to - from) / 50) zoom(start, end);
    };
    svg.addEventListener('pointerup', drop);
    svg.addEventListener('pointercancel', drop);
    svg.addEventListener('dblclick', () => zoom(0, data.endMs));
    figure.addEventListener('keydown', (event) => {
      if (event.target !== figure || event.ctrlKey || event.metaKey || event.altKey) return;
      const middle = times[at] ?? (from + to) / 2;
      const span = to - from;
      const keys = {
        ArrowRight: () => point(at + 1),
        ArrowLeft: () => point(Math.max(0, at - 1)),
        Home: () => point(0),
        End: () => point(times.length - 1),
        '+': () => zoom(middle - span / 4, middle + span / 4),
        '-': () => zoom(middle - span, middle + span),
        Escape: () => zoom(0, data.endMs),
      };
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    draw();
  }

  // What is folded away on screen is there on paper.
  const opened = [];
  window.addEventListener('beforeprint', () => {
    for (const details of document.querySelectorAll('details:not([open])')) {
      details.open = true;
      opened.push(details);
    }
  });
  window.addEventListener('afterprint', () => {
    for (const details of opened.splice(0)) details.open = false;
  });
})();

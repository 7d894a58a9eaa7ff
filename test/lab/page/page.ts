import { GROUPS, type Scenario } from '../scenario.ts';
import { Arrivals } from './arrivals.ts';
import { runStep } from './run-step.ts';

/** What tests and recordings call on the page. */
export interface LabScript {
  scenarios: Scenario[];
  /** Runs a scenario; resolves when its streams have ended, rejects when it cannot run here. */
  run(id: string): Promise<void>;
  /** Resolves when the page is ready. */
  ready: Promise<void>;
}

declare global {
  interface Window {
    lab: LabScript;
  }
}

const SIGNS = { error: '■ error', warning: '▲ warning', info: '● info' } as const;
/** Longer ones are not part of "all quick ones". */
const QUICK_SECONDS = 10;

const status = document.querySelector('#status')!;
const rows = new Map<string, { scenario: Scenario; run(): Promise<void> }>();

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text = '',
  className = '',
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function factsOf(scenario: Scenario): HTMLElement {
  const list = element('ul', '', 'facts');
  if (scenario.healthy) list.append(element('li', '✓ healthy', 'healthy'));
  for (const { id, severity } of scenario.expect)
    list.append(element('li', `${SIGNS[severity]} ${id}`, severity));
  list.append(element('li', `${scenario.seconds} s`, 'plain'));
  for (const program of scenario.needs) list.append(element('li', `real ${program}`, 'plain'));
  return list;
}

function rowOf(scenario: Scenario): HTMLElement {
  const row = element('li', '', 'scenario');
  row.id = scenario.id;
  const words = element('div');
  words.append(
    element('h3', scenario.title),
    element('p', scenario.unavailable ?? scenario.description),
    factsOf(scenario),
  );
  const run = element('button', 'Run');
  run.type = 'button';
  const halt = element('button', 'Stop', 'quiet');
  halt.type = 'button';
  halt.hidden = true;
  halt.setAttribute('aria-label', `Stop: ${scenario.title}`);
  const buttons = element('div', '', 'buttons');
  buttons.append(halt, run);
  const outcome = element('div', '', 'outcome');
  row.append(words, buttons, outcome);

  const elsewhere = scenario.ownPage && new URL(scenario.url).origin !== location.origin;
  if (elsewhere) run.textContent = 'Go there and run';
  run.setAttribute('aria-label', `${run.textContent}: ${scenario.title}`);
  run.disabled = scenario.unavailable !== null;
  let going: Promise<void> | null = null;
  const start = async () => {
    const controller = new AbortController();
    halt.onclick = () => controller.abort();
    halt.hidden = false;
    run.disabled = true;
    status.textContent = `Running: ${scenario.title}`;
    const arrivals = new Arrivals(outcome);
    for (const step of scenario.steps) await runStep(step, arrivals, controller.signal);
    halt.hidden = true;
    run.disabled = false;
    status.textContent = `Done: ${scenario.title}`;
  };
  const once = async () => {
    if (scenario.unavailable) throw new Error(scenario.unavailable);
    if (elsewhere) throw new Error(`Run "${scenario.id}" from its own page: ${scenario.url}`);
    going ??= start().finally(() => {
      going = null;
    });
    return going;
  };
  run.onclick = () => {
    if (elsewhere) location.assign(scenario.url.replace('#', '?run#'));
    else void once();
  };
  rows.set(scenario.id, { scenario, run: once });
  return row;
}

async function show(): Promise<void> {
  const scenarios = (await (await fetch('/scenarios.json')).json()) as Scenario[];
  window.lab.scenarios = scenarios;
  const groups = document.querySelector('#groups')!;
  for (const group of GROUPS) {
    const own = scenarios.filter((one) => one.group === group);
    if (own.length === 0) continue;
    const section = element('section');
    const heading = element('h2', group);
    heading.id = `group-${GROUPS.indexOf(group)}`;
    section.setAttribute('aria-labelledby', heading.id);
    const list = element('ul', '', 'scenarios');
    list.append(...own.map(rowOf));
    section.append(heading, list);
    groups.append(section);
  }
  const wanted = location.hash.slice(1);
  document.getElementById(wanted)?.scrollIntoView();
  if (new URLSearchParams(location.search).has('run')) void rows.get(wanted)?.run();
}

window.lab = {
  scenarios: [],
  ready: Promise.resolve(),
  run: async (id) => {
    await window.lab.ready;
    const row = rows.get(id);
    if (!row) throw new Error(`The lab has no scenario "${id}"`);
    return row.run();
  },
};
window.lab.ready = show();

const quick = document.querySelector<HTMLButtonElement>('#run-quick')!;
quick.onclick = async () => {
  quick.disabled = true;
  await window.lab.ready;
  for (const { scenario, run } of rows.values()) {
    const fits = scenario.seconds <= QUICK_SECONDS && !scenario.unavailable && !scenario.ownPage;
    if (fits) await run();
  }
  quick.disabled = false;
};

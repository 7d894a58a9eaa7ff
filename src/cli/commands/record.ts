import { diagnose } from '../../diagnose/run';
import { findingsFile, findingsJson } from '../../exchange/findings-json';
import { redactUrl } from '../../exchange/redact';
import { formatMs } from '../../lib/format';
import { parseCommand, parseDuration, parseHeader } from '../arguments';
import { findChromium } from '../chromium/find';
import { type LaunchedBrowser, launchChromium } from '../chromium/launch';
import { findingsText } from '../findings-text';
import { readInput, UnusableInput } from '../read-input';
import { type Recorded, type RecordOptions, recordPage } from '../recorder/record-page';
import { checkWritable, writeTrace } from '../recorder/write-trace';
import { complain, paintFor, type Terminal } from '../terminal';
import { UnusableArguments } from '../usage';
import { VERSION } from '../version';
import { exitStatus, type FailOn, parseFailOn, RESULT } from './outcome';

const DEFAULT_FOR = '30s';
/** A person at the window ends the recording by closing it. */
const DEFAULT_FOR_HEADED = '10m';
const MAX_SCRIPT_BYTES = 4 * 1024 * 1024;

interface Plan {
  url: string;
  forMs: number;
  out: string | null;
  json: boolean;
  failOn: FailOn;
  headers: Record<string, string>;
  script: string | null;
  headed: boolean;
  /** A person works with the page and says when it is over. */
  isAttended: boolean;
  /** Certificates are not checked: staging has its own. */
  isInsecure: boolean;
}

/** `streamgauge record URL`: see USAGE. */
export async function recordCommand(args: string[], terminal: Terminal): Promise<number> {
  const plan = await readPlan(args, terminal);
  const browser = await launchChromium({
    executable: browserOf(terminal.env),
    headed: plan.headed,
    args: plan.isInsecure ? ['--ignore-certificate-errors'] : [],
  });
  const stop = stopper();
  let recorded: Recorded;
  try {
    recorded = await recordPage(browser, {
      url: plan.url,
      headers: plan.headers,
      forMs: plan.forMs,
      script: plan.script,
      isAttended: plan.isAttended,
      version: VERSION,
      signal: stop.signal,
      ...progress(terminal, plan.isAttended ? 'Close the window to end it.' : 'Ctrl-C ends it.'),
    });
  } finally {
    clearProgress(terminal);
    await close(browser);
    stop.dispose();
  }
  return report(plan, recorded, terminal);
}

async function readPlan(args: string[], { env, stdin }: Terminal): Promise<Plan> {
  const { values, positionals } = parseCommand('record', {
    args,
    allowPositionals: true,
    options: {
      for: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      'fail-on': { type: 'string' },
      header: { type: 'string', multiple: true, default: [] },
      run: { type: 'string' },
      headed: { type: 'boolean', default: false },
      insecure: { type: 'boolean', default: false },
    },
  });
  if (positionals.length !== 1) throw new UnusableArguments('record takes one URL.');
  if (values.out === '') throw new UnusableArguments('--out takes the name of a file.');
  const isAttended = values.headed && values.run === undefined;
  const plan: Plan = {
    url: readUrl(positionals[0] ?? ''),
    forMs: parseDuration(values.for ?? (isAttended ? DEFAULT_FOR_HEADED : DEFAULT_FOR), '--for'),
    out: values.out ?? null,
    json: values.json,
    failOn: parseFailOn(values['fail-on']),
    headers: Object.fromEntries(values.header.map(parseHeader)),
    script: null,
    headed: values.headed,
    isAttended,
    isInsecure: values.insecure,
  };
  // Whatever would spoil the result is found before anything is recorded.
  browserOf(env);
  if (plan.headed) checkDisplay(env);
  if (plan.out !== null) await checkWritable(plan.out);
  if (values.run !== undefined) {
    plan.script = new TextDecoder().decode(await readInput(values.run, stdin, MAX_SCRIPT_BYTES));
  }
  return plan;
}

function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && ['http:', 'https:', 'file:'].includes(url.protocol)) return url.href;
  const shown = text.slice(0, 200);
  const isName = URL.canParse(`https://${text}`) && /^[\w.-]+(?::\d+)?(?:[/?#]|$)/.test(text);
  // What has no name of its own on the internet has no certificate either, as a rule.
  const isLocal = /^(?:localhost|[\w-]+:\d|\d+\.\d+\.\d+\.\d+)/.test(text);
  const guess = isName ? ` Did you mean ${isLocal ? 'http' : 'https'}://${shown}?` : '';
  throw new UnusableArguments(
    `record takes an address that begins with http:// or https://, not "${shown}".${guess}`,
  );
}

function browserOf(env: NodeJS.ProcessEnv): string {
  const found = findChromium(env);
  if (found) return found;
  throw new UnusableArguments(
    env.STREAMGAUGE_BROWSER
      ? `STREAMGAUGE_BROWSER names ${env.STREAMGAUGE_BROWSER}, which is no program that can be started.`
      : 'No Chromium, Chrome or Edge was found. Install one, or name it in STREAMGAUGE_BROWSER.',
  );
}

/** macOS and Windows have one whenever somebody is there. */
function checkDisplay(env: NodeJS.ProcessEnv): void {
  if (process.platform !== 'linux' || env.DISPLAY || env.WAYLAND_DISPLAY) return;
  throw new UnusableArguments('--headed needs a display, and neither DISPLAY nor WAYLAND_DISPLAY names one.');
}

/** Ctrl-C and its like end the recording, not the program; the second time they do. */
function stopper(): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const stop = () => {
    if (controller.signal.aborted) process.exit(RESULT.unusable);
    controller.abort();
  };
  for (const name of signals) process.on(name, stop);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of signals) process.removeListener(name, stop);
    },
  };
}

function progress({ stderr }: Terminal, howToEnd: string): Pick<RecordOptions, 'onProgress'> {
  if (!stderr.isTTY) return {};
  let shown = '';
  return {
    onProgress({ elapsedMs, streams, open, deliveries }) {
      const seconds = formatMs(Math.floor(elapsedMs / 1000) * 1000);
      const counts = `${some(streams, 'request')}, ${open} open, ${some(deliveries, 'delivery', 'deliveries')}`;
      const line = `recording ${seconds}: ${counts}. ${howToEnd}`;
      if (line === shown) return;
      shown = line;
      stderr.write(`\r${line.slice(0, (stderr.columns ?? 80) - 1)}\u001b[K`);
    },
  };
}

const some = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

function clearProgress({ stderr }: Terminal): void {
  if (stderr.isTTY) stderr.write('\r\u001b[K');
}

async function close(browser: LaunchedBrowser): Promise<void> {
  // A browser that is gone already, or a profile that it still holds, is no reason to lose the result.
  await browser.close().catch(() => undefined);
}

async function report(plan: Plan, recorded: Recorded, terminal: Terminal): Promise<number> {
  const { trace, troubles } = recorded;
  for (const trouble of troubles) complain(terminal, trouble);
  let isWritten = plan.out === null;
  if (plan.out !== null) {
    try {
      await writeTrace(plan.out, trace, Object.keys(plan.headers));
      isWritten = true;
    } catch (error) {
      if (!(error instanceof UnusableInput)) throw error;
      complain(terminal, error.message);
    }
  }
  const diagnosis = diagnose(trace);
  const label = plan.out ?? redactUrl(plan.url);
  if (plan.json) {
    terminal.stdout.write(
      `${JSON.stringify(findingsJson([findingsFile(label, trace, diagnosis)]), null, 2)}\n`,
    );
  } else {
    const saved = plan.out !== null && isWritten ? `\n  saved in ${plan.out}\n` : '';
    terminal.stdout.write(`${findingsText(label, trace, diagnosis, [], paintFor(terminal))}${saved}`);
  }
  const status = exitStatus(diagnosis.findings, plan.failOn);
  // "Nothing found" would be too much said of a recording that did not do what it was asked to.
  return !isWritten || (status === RESULT.fine && troubles.length > 0) ? RESULT.unusable : status;
}

import { setTimeout as delay } from 'node:timers/promises';
import bridgeScript from 'virtual:script/cdp-bridge';
import tapScript from 'virtual:script/tap';
import { netErrorMeaning } from '../../diagnose/facts/net-errors';
import { redactUrl } from '../../exchange/redact';
import { headerValue } from '../../trace/headers';
import type { Trace } from '../../trace/types';
import { CdpError } from '../chromium/cdp';
import type { LaunchedBrowser } from '../chromium/launch';
import { WatchedPage } from '../chromium/pages';
import { PageRecorder } from './page-recorder';

/** Longer than an EventSource waits before it tries again (3 s in Chromium): a page in between is not at rest. */
const QUIET_MS = 3500;
/** A page that never finishes loading is taken for loaded after this long. */
const LOAD_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

export interface RecordOptions {
  url: string;
  /** Sent with every request of the page. */
  headers: Record<string, string>;
  /** Most time from the beginning of the navigation on. */
  forMs: number;
  /** Source text run in the page once it has loaded. */
  script: string | null;
  /** A person works with the page: quiet is no end of it, and closing its window is. */
  isAttended: boolean;
  version: string;
  /** Aborted when the person wants no more. */
  signal: AbortSignal;
  onProgress?(counts: PageRecorder['counts'] & { elapsedMs: number }): void;
}

export interface Recorded {
  trace: Trace;
  /** What went wrong on the way, one sentence each; what is in the trace is right all the same. */
  troubles: string[];
}

/** The page could not be opened: nothing was recorded. */
export class UnopenedPage extends Error {
  override name = 'UnopenedPage';
}

/**
 * Opens an address in a browser that is running, and records it until time is up, or all is over and quiet, or the
 * person or the page ends it. Throws `UnopenedPage` when there was never a page.
 */
export async function recordPage(browser: LaunchedBrowser, options: RecordOptions): Promise<Recorded> {
  const { url, headers, forMs, script, isAttended, version, signal } = options;
  const shownUrl = redactUrl(url);
  const troubles: string[] = [];
  let ended: 'crashed' | 'closed' | 'browser crashed' | null = null;
  let isPartCrashed = false;
  let isLoaded = false;
  const recorder = new PageRecorder({
    version,
    onLoad: () => {
      isLoaded = true;
    },
    onEnd: (how) => {
      ended ??= how;
    },
    onPartCrash: () => {
      isPartCrashed = true;
    },
  });
  browser.process.once('exit', (code) => {
    ended ??= code === 0 ? 'closed' : 'browser crashed';
  });
  const page = await WatchedPage.open(browser.connection, {
    scripts: { tap: tapScript, bridge: bridgeScript },
    headers,
    isAttended,
    listener: recorder,
  });

  const startedAtMs = performance.now();
  const elapsed = () => performance.now() - startedAtMs;
  const isOver = () => signal.aborted || ended !== null || elapsed() >= forMs;
  /** Waits until `ready`; false when the recording was over before. */
  const until = async (ready: () => boolean): Promise<boolean> => {
    while (!ready()) {
      if (isOver()) return false;
      options.onProgress?.({ ...recorder.counts, elapsedMs: elapsed() });
      await delay(Math.min(LOOK_EVERY_MS, Math.max(1, forMs - elapsed())));
    }
    return true;
  };

  let opened: string | null | undefined;
  page.navigate(url).then(
    (problem) => {
      opened = problem;
    },
    (error: Error) => {
      opened ??= error.message;
    },
  );
  await until(() => opened !== undefined);
  if (opened === undefined && !signal.aborted && ended === null) {
    troubles.push(`${shownUrl} did not answer within ${forMs / 1000} s.`);
  } else if (opened && ended === null && (recorder.pageAnswer === null || opened === 'net::ERR_ABORTED')) {
    throw new UnopenedPage(unopened(shownUrl, opened));
  }
  const answer = recorder.pageAnswer;
  // An answer that the browser cannot show is still one: a gateway's empty 502 is what was to be recorded.
  const isShown = !opened;
  const isScriptLeftOut = script !== null && !isShown && answer !== null;
  if (answer && (answer.status >= 400 || !isShown)) {
    const nothing = isShown ? '' : ', and nothing that the browser could show';
    const signIn = answer.status === 401 ? " --header 'Authorization: …' signs in." : '';
    const left = isScriptLeftOut ? ' The script was not run.' : '';
    troubles.push(`The page itself answered ${answer.text}${nothing}.${signIn}${left}`);
  }

  const navigatedAtMs = performance.now();
  await until(() => isLoaded || performance.now() - navigatedAtMs > LOAD_WITHIN_MS);
  let isScriptDone = script === null || isScriptLeftOut;
  if (script !== null && !isScriptDone && !isOver()) {
    page
      .run(script)
      .catch((error: Error) => {
        if (isOver()) return;
        // The protocol's own error: there is no page any more that could end it.
        const isGone = error instanceof CdpError;
        troubles.push(
          isGone
            ? 'The page went elsewhere before the script had ended.'
            : `The script failed: ${error.message}.`,
        );
      })
      .finally(() => {
        isScriptDone = true;
      });
  }
  await until(
    () => !isAttended && isScriptDone && recorder.quietMs >= QUIET_MS && recorder.counts.open === 0,
  );

  const end = ended === null || (ended === 'closed' && isAttended) ? null : ENDS[ended];
  if (end) troubles.push(`${end}; what was recorded until then is kept.`);
  if (isPartCrashed) troubles.push('A frame or a window of the page crashed.');
  const trace = await recorder.finish();
  if (isBareStream(trace)) {
    troubles.push(
      `${shownUrl} is a bare stream, which no page reads and nobody judges: name the page that reads it.`,
    );
  }
  return { trace, troubles };
}

const ENDS = {
  crashed: 'The page crashed',
  'browser crashed': 'The browser crashed',
  closed: 'The page was closed',
};

/** The browser shows it as the page itself. */
function isBareStream({ streams: [page] }: Trace): boolean {
  const type = headerValue(page?.response?.headers ?? [], 'content-type') ?? '';
  return page?.kind === 'document' && /event-stream|ndjson|json-seq/i.test(type);
}

function unopened(url: string, netError: string): string {
  if (netError === 'net::ERR_ABORTED') return `${url} is no page: the browser downloads it, or gets nothing.`;
  if (/^net::ERR_CERT_/.test(netError)) {
    return `${url} cannot be opened: its certificate is not trusted (${netError}). --insecure opens it all the same.`;
  }
  const meaning = netErrorMeaning(netError.replace(/^net::/, ''));
  return `${url} cannot be opened: ${meaning ? `${meaning} (${netError})` : netError}.`;
}
